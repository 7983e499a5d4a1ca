//! `foghorn-sim`: seeds, and the deliberate bugs that they must find.

use anyhow::{Context, Result, bail};
use clap::Parser;
use foghorn_mutant::Mutant;
use foghorn_sim::day::{Size, fold};
use foghorn_sim::{Plan, Summary, day_of, run, shrink};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A deliberate bug must be found within so many seeds.
const MUTANT_SEEDS_MAX: u64 = 300;

/// Runs worlds through the simulator.
#[derive(Parser, Debug)]
struct Args {
    /// The first seed; chance when absent.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Run the seeds of this file first, one a line.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Minutes that a world lives.
    #[arg(long, default_value_t = 10)]
    minutes: i64,
    /// Seconds that a world lives, instead of minutes.
    #[arg(long)]
    secs: Option<i64>,
    /// No process dies and no disk fails.
    #[arg(long)]
    no_faults: bool,
    /// No administrator edits.
    #[arg(long)]
    no_edits: bool,
    /// Begin no seed after so many seconds of real time.
    #[arg(long)]
    for_secs: Option<u64>,
    /// Run every deliberate bug until a seed finds it.
    #[arg(long)]
    mutants: bool,
    /// Of them only those whose words have this in them.
    #[arg(long, value_name = "WORDS", requires = "mutants")]
    only: Option<String>,
    /// A site lives through a whole day beside the others, of which each event is known before:
    /// 20 devices and 300 clients, or 200 and 5,000. The others do a tenth, and a tenth as much
    /// befalls the server. Before that the day is folded alone, where each event must come at its
    /// microsecond.
    #[arg(long, value_name = "SIZE")]
    day: Option<DaySize>,
    /// Tell what the server logs, and the journal of a world that fails.
    #[arg(long)]
    verbose: bool,
}

/// How large the site of a day is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum DaySize {
    Small,
    Whole,
}

impl DaySize {
    fn size(self) -> Size {
        match self {
            Self::Small => Size { clients: 300, ..Size::SMALL },
            Self::Whole => Size::WHOLE,
        }
    }

    fn option(self) -> &'static str {
        match self {
            Self::Small => " --day small",
            Self::Whole => " --day whole",
        }
    }
}

impl Args {
    fn plan(&self, seed: u64) -> Plan {
        let (faults, edits) = (!self.no_faults, !self.no_edits);
        if let Some(day) = self.day {
            return Plan { faults, edits, ..Plan::of_day(seed, day.size()) };
        }
        let secs = self.secs.unwrap_or(self.minutes * 60);
        Plan { seed, secs, faults, edits, day: None, calm: 1, mutant: None }
    }
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    quiet_panics();
    if args.verbose {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    }
    let mut out = std::io::stdout();
    if args.mutants { mutants(&args, &mut out) } else { seeds(&args, &mut out) }
}

/// Runs seeds until one fails.
fn seeds(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    let listed = args.list.as_ref().map(read).transpose()?.unwrap_or_default();
    let first = args.seed.unwrap_or_else(fresh);
    let begun = Instant::now();
    let mut all = Summary::default();
    let mut count = 0_u64;
    for seed in listed.into_iter().chain(first..first.saturating_add(args.seeds)) {
        if args.for_secs.is_some_and(|secs| begun.elapsed() > Duration::from_secs(secs)) {
            break;
        }
        if let Some(day) = args.day
            && let Err(error) = fold_day(seed, day.size(), out)
        {
            writeln!(out, "seed {seed} fails: its day, folded: {error:#}")?;
            writeln!(out, "reproduce: cargo xtask sim --seed {seed}{}", day.option())?;
            return Ok(ExitCode::FAILURE);
        }
        match run(args.plan(seed)) {
            Ok(summary) => all += summary,
            Err(error) => {
                writeln!(out, "seed {seed} fails: {error:#}")?;
                let Plan { secs, faults, edits, .. } = shrink(args.plan(seed));
                let faults = if faults { "" } else { " --no-faults" };
                let edits = if edits { "" } else { " --no-edits" };
                let length = match args.day {
                    Some(day) => day.option().to_owned(),
                    None => format!(" --secs {secs}"),
                };
                writeln!(out, "reproduce: cargo xtask sim --seed {seed}{length}{faults}{edits}")?;
                return Ok(ExitCode::FAILURE);
            }
        }
        count += 1;
    }
    let spent = begun.elapsed().as_secs_f64();
    let Summary { simulated_secs, records, posts, deaths: (deaths, power), refused, .. } = all;
    let Summary { went_first: (alarms, in_storm), let_through, .. } = all;
    writeln!(
        out,
        "{count} seeds, fresh ones from {first}: {records} records, {posts} requests, {deaths} \
         deaths of the process, {power} of them with the power, {refused} frames without room, \
         {alarms} requests of alarms before others that waited, {in_storm} of them in a storm, and \
         {let_through} the other way round; \
         {simulated_secs} s in {spent:.1} s: {:.0} times as fast",
        simulated_secs as f64 / spent
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Folds the day of a seed without the simulator, as it is and as worlds live through it.
fn fold_day(seed: u64, size: Size, out: &mut impl Write) -> Result<()> {
    for is_sure in [false, true] {
        let begun = Instant::now();
        let balance = fold(day_of(seed, Size { is_sure, ..size }), None)?;
        writeln!(
            out,
            "the day of seed {seed}{}, folded: {} records, {} events, each as it must be, {:.1} s",
            if is_sure { " without doubtful spans" } else { "" },
            balance.records,
            balance.told,
            begun.elapsed().as_secs_f64()
        )?;
    }
    Ok(())
}

/// Runs every deliberate bug, and tells which oracle found it and after how many seeds.
fn mutants(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    writeln!(out, "| bug | found by | seeds |\n|---|---|---|")?;
    let mut missed = 0;
    let only = args.only.as_deref().unwrap_or_default();
    let chosen: Vec<_> = Mutant::ALL.iter().filter(|it| it.what().contains(only)).collect();
    for mutant in &chosen {
        let first = args.seed.unwrap_or(1);
        let found = (first..first + MUTANT_SEEDS_MAX).find_map(|seed| {
            let plan = Plan { mutant: Some(**mutant), ..args.plan(seed) };
            let text = run(plan).err()?.root_cause().to_string();
            let oracle = text.split(':').next().unwrap_or_default().to_owned();
            Some((oracle, seed - first + 1))
        });
        match found {
            Some((oracle, seeds)) => writeln!(out, "| {} | {oracle} | {seeds} |", mutant.what())?,
            None => {
                missed += 1;
                writeln!(out, "| {} | NOT FOUND | {MUTANT_SEEDS_MAX} |", mutant.what())?;
            }
        }
        out.flush()?;
    }
    if missed > 0 {
        bail!("{missed} of {} deliberate bugs were not found", chosen.len());
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &PathBuf) -> Result<Vec<u64>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let seeds = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let seeds = seeds.filter(|line| !line.is_empty()).map(|line| line.parse().context("a seed"));
    seeds.collect()
}

fn fresh() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |since| u64::try_from(since.as_micros()).unwrap_or(1))
}

/// Poisoned records panic by design, deliberate bugs may, and both are caught.
fn quiet_panics() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let poisoned = panic.payload().downcast_ref::<&str>() == Some(&"a poisoned record");
        if !poisoned && !foghorn_mutant::any() {
            hook(panic);
        }
    }));
}
