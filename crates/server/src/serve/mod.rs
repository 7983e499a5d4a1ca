//! `foghorn serve`: puts threads and sockets around the parts.
//!
//! | thread | does |
//! |---|---|
//! | committer | writes what waits as frames, one sync each |
//! | shard-N | folds its partitions, stores their events |
//! | dispatcher | lanes, and every request to a receiver |
//! | snapshots | saves snapshots |
//! | projector | fills the history that searches answer from |
//! | housekeeping | retention, free space, and what the server finds out about itself |
//! | runtime | the API, the RADIUS listener and those of syslog |
//!
//! Whatever must not go on after a failure reports it to [`run`], which ends the process.

mod backend;
pub mod clock;
mod committer;
mod feed;
mod findings;
mod housekeeping;
mod http;
mod journal;
mod live;
mod metrics;
pub mod options;
mod projected;
mod projector;
mod quota;
mod rows;
mod shards;
pub mod storage;
mod syslog;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use backend::ServerBackend;
use committer::{CommitterThread, Deadlines, Folds};
use feed::{CatalogFeed, LogSource, Publisher};
use findings::{Findings, Known};
use foghorn_api::{Api, Proxies, Pulse};
use foghorn_catalog::{Catalog, DeliveryStore, HistoryStore, new_key};
use foghorn_dispatch::driver::{Dispatcher, Driver};
use foghorn_dispatch::egress::{AddressPolicy, Egress, Options as EgressOptions};
use foghorn_dispatch::lanes::{LaneLimits, LaneRow, Lanes, Watermark};
use foghorn_ingest::radius::listener::RadiusListener;
use foghorn_log::{
    FsStorage, LineFile, Log, RotatingFile, SegmentLog, SegmentOptions, SnapshotStore, Storage,
};
use foghorn_model::time::Micros;
use foghorn_model::{Partition, Timestamp};
use foghorn_pipeline::{
    Claim, Clockwork, Committer, EventLogs, Intake, IntakeLimits, Interventions, Outbox,
    ShardStores, SnapshotJob, check_claim,
};
use housekeeping::Housekeeping;
use journal::{Ack, Inlet};
use metrics::Metrics;
use options::Options;
use projector::{Projector, ProjectorNews};
use quota::{Limits, Quotas};
use shards::{Recovery, ShardContext, Shards, Started, Tallies, Watch};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;
use syslog::{Syslog, SyslogPort};
use tokio::sync::{mpsc, watch};

/// What lies in the data directory, opened.
struct Stores {
    catalog: Arc<Catalog>,
    deliveries: Arc<DeliveryStore>,
    history: Arc<HistoryStore>,
    storage: Arc<dyn Storage>,
    input: Arc<dyn Log>,
    events: EventLogs,
    snapshots: Arc<SnapshotStore>,
    interventions: Arc<Interventions>,
}

type Fatal = mpsc::UnboundedSender<anyhow::Error>;

/// Runs until a signal or a failure.
pub fn run(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("runtime")
        .enable_all()
        .build()?;
    runtime.block_on(serve(options))
}

async fn serve(options: Options) -> Result<()> {
    let (fatal, mut failures) = mpsc::unbounded_channel();
    // Before anything answers: whoever is answered may ask for an orderly end.
    let terminated = terminated()?;
    http::raise_file_limit();
    let listeners = Listeners::bind(&options)?;
    let server = Server::start(&options, listeners.own(), &fatal)?;
    let (stop, stopped) = watch::channel(false);
    let serving = listeners.serve(&server, &stopped)?;
    let ended = tokio::select! {
        () = terminated => Ok(()),
        failure = failures.recv() => Err(failure.unwrap_or_else(|| anyhow::anyhow!("stopped"))),
    };
    if let Err(error) = ended {
        // Nothing may be trusted: no orderly end, the next start recovers.
        return Err(error.context("the server ends"));
    }
    tracing::info!("stopping");
    stop.send_replace(true);
    server.api.end_streams();
    for task in serving {
        if let Err(error) = task.await {
            tracing::error!(%error, "a listener failed");
        }
    }
    tokio::task::spawn_blocking(move || server.stop()).await??;
    tracing::info!("stopped");
    Ok(())
}

/// Resolves at a signal to end; the signals are taken over when this returns.
fn terminated() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The sockets, bound before anything else: an address in use is told at once.
struct Listeners {
    api: tokio::net::TcpListener,
    tls: Option<tokio_rustls::TlsAcceptor>,
    metrics: Option<tokio::net::TcpListener>,
    radius: Option<std::net::UdpSocket>,
    syslog: Vec<SyslogPort>,
    proxies: Proxies,
}

impl Listeners {
    fn bind(options: &Options) -> Result<Self> {
        let listen =
            |address| http::listen(address).with_context(|| format!("listen on {address}"));
        let radius = options.radius_listen.map(|address| {
            let socket = std::net::UdpSocket::bind(address);
            let socket = socket.with_context(|| format!("listen on {address}"))?;
            socket.set_nonblocking(true)?;
            anyhow::Ok(socket)
        });
        let tls = options.tls.as_ref().map(|(cert, key)| http::tls(cert, key)).transpose()?;
        let metrics = match options.metrics_listen {
            Some(address) => Some(listen(address)?),
            None => None,
        };
        Ok(Self {
            api: listen(options.listen)?,
            tls,
            metrics,
            radius: radius.transpose()?,
            syslog: options
                .syslog_listen
                .iter()
                .map(|it| SyslogPort::bind(*it))
                .collect::<Result<_>>()?,
            proxies: Proxies::new(&options.trusted_proxy),
        })
    }

    /// Where webhooks must never go.
    fn own(&self) -> Vec<std::net::SocketAddr> {
        let sockets = [Some(&self.api), self.metrics.as_ref()];
        sockets.into_iter().flatten().filter_map(|socket| socket.local_addr().ok()).collect()
    }

    fn serve(
        self,
        server: &Server,
        stop: &watch::Receiver<bool>,
    ) -> Result<Vec<tokio::task::JoinHandle<()>>> {
        let mut tasks = Vec::new();
        let status = http::status(Arc::clone(&server.metrics));
        let proxies = self.proxies;
        let mut router = server.api.clone().router();
        if let Some(listener) = self.metrics {
            tasks.push(tokio::spawn(http::serve(
                listener,
                None,
                status,
                proxies.clone(),
                stop.clone(),
            )));
        } else {
            router = router.merge(status);
        }
        let address = self.api.local_addr()?;
        let serving = http::serve(self.api, self.tls, router, proxies, stop.clone());
        tasks.push(tokio::spawn(serving));
        tracing::info!(%address, "the API listens");
        if let Some(socket) = self.radius {
            let listener = RadiusListener::new(
                tokio::net::UdpSocket::from_std(socket)?,
                Arc::clone(&server.directory),
                Arc::new(server.inlet.clone()),
                Arc::new(clock::now),
                Arc::clone(&server.metrics.radius),
            );
            tracing::info!(address = %listener.local_addr()?, "RADIUS accounting listens");
            tasks.push(tokio::spawn(listener.run(stop.clone())));
        }
        let metrics = &server.metrics.syslog;
        tasks.extend(server.syslog.serve(self.syslog, &server.inlet, metrics, stop)?);
        Ok(tasks)
    }
}

/// The niceness of the thread that fills the history (setpriority(2)).
const PROJECTOR_NICE: i32 = 15;

/// Where there is nobody yet, a token that makes the first administrator, shown where only who
/// runs the server looks. Another start makes another.
fn setup_token(catalog: &Catalog) -> Result<Option<String>> {
    if !catalog.is_empty()? {
        return Ok(None);
    }
    let token = new_key()?;
    tracing::warn!(token, "nobody may log in yet: POST /api/v1/setup with this token");
    Ok(Some(token))
}

struct Server {
    api: Api,
    inlet: Inlet,
    directory: Arc<ArcSwap<foghorn_ingest::radius::directory::Directory>>,
    syslog: Syslog,
    metrics: Arc<Metrics>,
    stores: Stores,
    dispatcher: Dispatcher,
    stop: Arc<AtomicBool>,
    stop_projecting: Arc<AtomicBool>,
    committer: JoinHandle<()>,
    shards: Vec<JoinHandle<()>>,
    snapshots: JoinHandle<()>,
    housekeeping: JoinHandle<()>,
    projector: JoinHandle<()>,
    dispatching: JoinHandle<()>,
}

impl Server {
    fn start(
        options: &Options,
        own_listeners: Vec<std::net::SocketAddr>,
        fatal: &Fatal,
    ) -> Result<Self> {
        let (stores, rows, watermarks, opened) = open(options)?;
        let policy = AddressPolicy {
            allow_private: options.allow_private.clone(),
            allow_loopback: options.allow_loopback,
            own_listeners,
            ..AddressPolicy::default()
        };
        let egress = Arc::new(Egress::new(EgressOptions::new(policy))?);
        let view = stores.catalog.view();
        let index = Arc::new(feed::index(&view, &egress, &options.user_agent));
        let (file, opened) = opened;
        let mut limits = LaneLimits::default();
        if let Some(secs) = options.webhook_failing_secs {
            limits.failing_after = Micros::from_secs(i64::from(secs));
        }
        let lanes = Lanes::new(limits, index, rows, &watermarks, &opened);
        let (driver, dispatcher) = Driver::new(
            lanes,
            Arc::clone(&egress),
            Box::new(LogSource(stores.events.clone())),
            Box::new(rows::OpenFile(file)),
            Box::new(rows::StoreSink(Arc::clone(&stores.deliveries))),
            Arc::new(clock::now),
        );

        let stop = Arc::new(AtomicBool::new(false));
        let stop_projecting = Arc::new(AtomicBool::new(false));
        let published = Arc::new(AtomicU64::new(view.seq));
        let deadlines = Arc::new(Deadlines::default());
        let (recovery, tallies) = (Arc::new(Recovery::default()), Arc::new(Tallies::default()));
        let frames = Arc::new(AtomicU64::new(0));
        let (free_bytes, turns) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let intake = Arc::new(Intake::<Ack>::new(IntakeLimits::default()));
        let new_feed = || CatalogFeed {
            catalog: Arc::clone(&stores.catalog),
            published: Arc::clone(&published),
        };
        let to_wake = Arc::new(OnceLock::<Thread>::new());
        let committing = Arc::clone(&to_wake);
        let outbox = Arc::new(Outbox::new(move || committing.get().map_or((), Thread::unpark)));
        let committer = Committer::new(
            Arc::clone(&stores.input),
            Arc::clone(&stores.interventions),
            Arc::clone(&outbox),
            &new_feed(),
            options.accept_data_loss,
        )?;
        let folds = Folds::open(&*stores.storage)?;
        let clocks = clock::Clocks::new();
        let stopped = Timestamp(stores.input.stamp());
        let clockwork = Clockwork::resumed(stopped, folds.upgrade(), clocks.read());

        let (snapshot_jobs, jobs) = sync_channel::<Vec<SnapshotJob>>(64);
        let projector_news = Arc::new(ProjectorNews::default());
        let pulse = Arc::new(Pulse::default());
        let known = Arc::new(Known::default());
        let context = ShardContext {
            stores: ShardStores {
                input: Arc::clone(&stores.input),
                events: stores.events.clone(),
                snapshots: Arc::clone(&stores.snapshots),
                interventions: Arc::clone(&stores.interventions),
                outbox,
                accept_data_loss: options.accept_data_loss,
            },
            watch: Watch {
                dispatcher: dispatcher.clone(),
                projector: Arc::clone(&projector_news),
                deadlines: Arc::clone(&deadlines),
                quarantine: options.data.join(storage::QUARANTINE),
                recovery: Arc::clone(&recovery),
                tallies: Arc::clone(&tallies),
                pulse: Arc::clone(&pulse),
                known: Arc::clone(&known),
            },
            snapshot_jobs,
            snapshot_every: Duration::from_secs(u64::from(options.snapshot_secs)),
        };
        let report = fatal.clone();
        let Started { shards, threads: shard_threads, askers } = Shards::start(
            options.shards,
            &context,
            &(Arc::new(move |ended| tell(&report, ended)) as _),
        )?;
        drop(context);
        let committer_thread = CommitterThread {
            committer,
            clockwork,
            clocks,
            folds,
            intake: Arc::clone(&intake),
            feed: Box::new(new_feed()),
            shards,
            deadlines,
            published: Arc::clone(&published),
            stop: Arc::clone(&stop),
            frames: Arc::clone(&frames),
        };
        let committer = spawn("committer", fatal, move || committer_thread.run())?;
        to_wake.get_or_init(|| committer.thread().clone());
        let quotas = Arc::new(Quotas::new(Limits {
            records: options.org_records_per_day,
            bytes: options.org_bytes_per_day,
        }));
        let inlet = Inlet::new(
            Arc::clone(&intake),
            committer.thread().clone(),
            Arc::clone(&quotas),
            Arc::clone(&published),
        );
        let dispatching = spawn("dispatcher", fatal, move || driver.run())?;
        let (events, store) = (stores.events.clone(), Arc::clone(&stores.snapshots));
        let snapshots = spawn("snapshots", fatal, move || {
            jobs.into_iter().try_for_each(|jobs| SnapshotJob::run(&jobs, &events, &store))
        })?;
        let projector = Projector::new(
            Arc::clone(&stores.events.record),
            Arc::clone(&stores.history),
            projector_news,
            Arc::clone(&stop_projecting),
        )?;
        let projector = std::thread::Builder::new().name("projector".into()).spawn(move || {
            // Deliveries come first: a history that is behind catches up.
            if let Err(error) = rustix::process::setpriority_process(None, PROJECTOR_NICE) {
                tracing::warn!(%error, "the projector runs at the priority of the others");
            }
            projector.run()
        })?;
        let housekeeping = Housekeeping {
            options: options.clone(),
            storage: Arc::clone(&stores.storage),
            input: Arc::clone(&stores.input),
            events: stores.events.clone(),
            snapshots: Arc::clone(&stores.snapshots),
            intake: Arc::clone(&intake),
            dispatcher: dispatcher.clone(),
            catalog: Arc::clone(&stores.catalog),
            deliveries: Arc::clone(&stores.deliveries),
            history: Arc::clone(&stores.history),
            findings: Findings {
                known,
                recovery: Arc::clone(&recovery),
                dispatcher: dispatcher.clone(),
                interventions: Arc::clone(&stores.interventions),
                input: Arc::clone(&stores.input),
                inlet: inlet.clone(),
            },
            stop: Arc::clone(&stop),
            free_bytes: Arc::clone(&free_bytes),
            turns: Arc::clone(&turns),
        };
        let housekeeping = std::thread::Builder::new()
            .name("housekeeping".into())
            .spawn(move || housekeeping.run())?;

        let directory =
            Arc::new(ArcSwap::from_pointee(feed::directory(&view, options.radius_secret.clone())));
        let syslog = Syslog::new(&view);
        let publisher = Publisher {
            egress: Arc::clone(&egress),
            user_agent: options.user_agent.clone(),
            radius_secret: options.radius_secret.clone(),
            directory: Arc::clone(&directory),
            syslog: Arc::clone(&syslog.directory),
            dispatcher: dispatcher.clone(),
            published,
            inlet: inlet.clone(),
        };
        stores.catalog.on_commit(move |view| publisher.publish(view));
        let events = stores.events.clone();
        let unclaimed = Arc::clone(&syslog.unclaimed);
        let backend =
            ServerBackend { inlet: inlet.clone(), egress, askers, pulse, events, unclaimed };
        let api = Api::new(
            Arc::clone(&stores.catalog),
            Arc::clone(&stores.deliveries),
            Arc::clone(&stores.history),
            Arc::new(inlet.clone()),
            Arc::new(backend),
        );
        let setup_token = setup_token(&stores.catalog)?;
        let api = api
            .secure(options.tls.is_some())
            .proxies(Proxies::new(&options.trusted_proxy))
            .calls_per_hour(options.calls_per_hour)
            .setup_token(setup_token.as_deref());
        let metrics = Metrics::new(metrics::Sources {
            recovery,
            tallies,
            frames,
            free_bytes,
            turns,
            intake,
            quotas,
            dispatcher: dispatcher.clone(),
            input: Arc::clone(&stores.input),
            events: stores.events.clone(),
        });
        let api = api.relay_metrics(Arc::clone(&metrics.relay));
        Ok(Self {
            api,
            inlet,
            directory,
            syslog,
            metrics,
            stores,
            dispatcher,
            stop,
            stop_projecting,
            committer,
            shards: shard_threads,
            snapshots,
            housekeeping,
            projector,
            dispatching,
        })
    }

    /// An orderly end: everything taken is written, folded, and in a snapshot.
    fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Release);
        self.inlet.nudge();
        self.housekeeping.thread().unpark();
        let threads = std::iter::once(self.committer)
            .chain(self.shards)
            .chain([self.snapshots, self.housekeeping]);
        for thread in threads {
            join(thread)?;
        }
        self.stop_projecting.store(true, Ordering::Release);
        self.projector.thread().unpark();
        self.dispatcher.stop();
        join(self.dispatching)?;
        join(self.projector)?;
        self.stores.input.close()?;
        self.stores.events.record.close()?;
        self.stores.events.stream.close()?;
        Ok(())
    }
}

fn join(thread: JoinHandle<()>) -> Result<()> {
    thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))
}

fn tell<E: Into<anyhow::Error>>(fatal: &Fatal, ended: Result<(), E>) {
    if let Err(error) = ended
        && fatal.send(error.into()).is_err()
    {
        tracing::error!("a part of the server failed while it was stopping");
    }
}

fn spawn<E: Into<anyhow::Error>>(
    name: &str,
    fatal: &Fatal,
    run: impl FnOnce() -> Result<(), E> + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let fatal = fatal.clone();
    std::thread::Builder::new().name(name.into()).spawn(move || tell(&fatal, run()))
}

type Opened = (
    Stores,
    Vec<LaneRow>,
    Vec<Watermark>,
    (RotatingFile, Vec<(foghorn_dispatch::lanes::LaneKey, foghorn_dispatch::lanes::OpenBatch)>),
);

/// Opens everything and checks that it belongs together.
fn open(options: &Options) -> Result<Opened> {
    let data: &Path = &options.data;
    let catalog = Arc::new(Catalog::open(data, clock::now)?);
    let deliveries = Arc::new(DeliveryStore::open(data)?);
    let history = Arc::new(HistoryStore::open(data)?);
    std::fs::create_dir_all(data.join(storage::QUARANTINE))?;
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(data)?);
    let open_log = |directory, room_in_advance| -> Result<Arc<dyn Log>> {
        let segments = SegmentOptions {
            segment_bytes: options.segment_bytes,
            room_in_advance,
            accept_data_loss: options.accept_data_loss,
        };
        let opened = SegmentLog::open(Arc::clone(&storage), directory, segments)?;
        if opened.torn_bytes > 0 {
            tracing::warn!(directory, bytes = opened.torn_bytes, "an unfinished write was dropped");
        }
        Ok(Arc::new(opened.log))
    };
    let input = open_log(storage::INPUTS, true)?;
    let events = EventLogs {
        record: open_log(storage::EVENTS_RECORD, false)?,
        stream: open_log(storage::EVENTS_STREAM, false)?,
    };
    let snapshots = Arc::new(SnapshotStore::open(Arc::clone(&storage), storage::SNAPSHOTS)?);
    let (skips, lines) = LineFile::open(&*storage, storage::SKIPS)?;
    let interventions = Arc::new(Interventions::new(skips, &lines)?);
    let (file, opened) = RotatingFile::open(Arc::clone(&storage), storage::OPEN_BATCHES)?;
    let rows: Vec<LaneRow> = deliveries.lanes()?.iter().filter_map(rows::lane).collect();
    let watermarks: Vec<Watermark> = deliveries.watermarks()?.iter().map(rows::watermark).collect();
    for claim in claims(&events, &rows, &watermarks) {
        check_claim(&claim, &*input, &interventions, options.accept_data_loss)?;
    }
    for (partition, records) in interventions.lost() {
        tracing::error!(%partition, ?records, "records are lost, which was accepted");
    }
    let opened = rows::opened(&opened);
    let stores =
        Stores { catalog, deliveries, history, storage, input, events, snapshots, interventions };
    Ok((stores, rows, watermarks, (file, opened)))
}

/// What was made of the input log beside the snapshots, which the workers check.
fn claims(events: &EventLogs, rows: &[LaneRow], watermarks: &[Watermark]) -> Vec<Claim> {
    let claim = |partition, record, what| Claim { partition, record, what };
    let lanes = rows.iter().map(|row| {
        let what = format!("the cursor of lane {}", row.lane);
        claim(row.lane.partition, row.cursor.record, what)
    });
    let marks = watermarks.iter().map(|mark| {
        let what = format!("the watermark of partition {}", mark.partition);
        claim(mark.partition, mark.record, what)
    });
    let logs = [
        (&events.record, "the log of record events"),
        (&events.stream, "the log of stream events"),
    ];
    let stored = logs.into_iter().flat_map(|(log, what)| {
        Partition::all().map(move |it| claim(it, log.reach(it.0), what.to_owned()))
    });
    lanes.chain(marks).chain(stored).collect()
}
