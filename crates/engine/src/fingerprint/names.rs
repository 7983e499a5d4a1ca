//! What host names show: the names that systems and things give themselves, and what owners leave
//! of them.

use super::Known;
use foghorn_model::event::client::Make;
use smol_str::format_smolstr;

/// What a name has of a kind of thing.
#[derive(Clone, Copy)]
enum Sign {
    /// These words one after the other, wherever: `Alexs-iPhone`, `MacBook-Pro-2`.
    Words(&'static [&'static str]),
    /// These words, and those of a model after them: `Galaxy-S23-Ultra`.
    Model(&'static str),
    /// It begins so: `DESKTOP-4F7J2K1`.
    Begin(&'static str),
    /// It begins so, and so many digits in hex make the rest: `NPI8F3A21`.
    Hex(&'static str, usize),
}

use Sign::{Begin, Hex, Model, Words};

/// The first that a name has counts, so what is more exact stands before what is less.
#[rustfmt::skip]
const RULES: &[(Sign, Known)] = &[
    (Words(&["iphone"]), Known::of("Apple", "iPhone", "iOS")),
    (Words(&["ipad"]), Known::of("Apple", "iPad", "iPadOS")),
    (Words(&["ipod"]), Known::of("Apple", "iPod", "iOS")),
    (Words(&["apple", "watch"]), Known::of("Apple", "Apple Watch", "watchOS")),
    (Words(&["apple", "tv"]), Known::of("Apple", "Apple TV", "tvOS")),
    (Words(&["appletv"]), Known::of("Apple", "Apple TV", "tvOS")),
    (Words(&["homepod"]), Known::of("Apple", "HomePod", "")),
    (Words(&["macbook", "pro"]), Known::of("Apple", "MacBook Pro", "macOS")),
    (Words(&["macbookpro"]), Known::of("Apple", "MacBook Pro", "macOS")),
    (Words(&["mbp"]), Known::of("Apple", "MacBook Pro", "macOS")),
    (Words(&["macbook", "air"]), Known::of("Apple", "MacBook Air", "macOS")),
    (Words(&["macbookair"]), Known::of("Apple", "MacBook Air", "macOS")),
    (Words(&["macbook"]), Known::of("Apple", "MacBook", "macOS")),
    (Words(&["imac"]), Known::of("Apple", "iMac", "macOS")),
    (Words(&["mac", "mini"]), Known::of("Apple", "Mac mini", "macOS")),
    (Words(&["mac", "studio"]), Known::of("Apple", "Mac Studio", "macOS")),
    (Words(&["mac", "pro"]), Known::of("Apple", "Mac Pro", "macOS")),
    (Words(&["galaxy", "watch"]), Known::of("Samsung", "Galaxy Watch", "")),
    (Model("galaxy"), Known::of("Samsung", "Galaxy", "Android")),
    (Model("pixel"), Known::of("Google", "Pixel", "Android")),
    (Model("nexus"), Known::of("Google", "Nexus", "Android")),
    (Model("oneplus"), Known::of("OnePlus", "OnePlus", "Android")),
    (Model("redmi"), Known::of("Xiaomi", "Redmi", "Android")),
    (Model("poco"), Known::of("Xiaomi", "POCO", "Android")),
    (Model("xiaomi"), Known::of("Xiaomi", "Xiaomi", "Android")),
    (Model("huawei"), Known::of("Huawei", "Huawei", "Android")),
    (Model("oppo"), Known::of("OPPO", "OPPO", "Android")),
    (Model("moto"), Known::of("Motorola", "Moto", "Android")),
    (Model("xperia"), Known::of("Sony", "Xperia", "Android")),
    (Model("fairphone"), Known::of("Fairphone", "Fairphone", "Android")),
    (Hex("android-", 16), Known::of("", "", "Android")),
    (Words(&["android"]), Known::of("", "", "Android")),
    (Words(&["surface"]), Known::of("Microsoft", "Surface", "Windows")),
    (Words(&["xbox"]), Known::of("Microsoft", "Xbox", "")),
    (Words(&["xboxone"]), Known::of("Microsoft", "Xbox One", "")),
    (Begin("desktop-"), Known::of("", "", "Windows")),
    (Begin("laptop-"), Known::of("", "", "Windows")),
    (Begin("win-"), Known::of("", "", "Windows")),
    (Words(&["thinkpad"]), Known::of("Lenovo", "ThinkPad", "")),
    (Words(&["chromebook"]), Known::of("", "Chromebook", "ChromeOS")),
    (Words(&["raspberrypi"]), Known::of("Raspberry Pi", "Raspberry Pi", "Linux")),
    (Words(&["ubuntu"]), Known::of("", "", "Linux")),
    (Words(&["debian"]), Known::of("", "", "Linux")),
    (Words(&["fedora"]), Known::of("", "", "Linux")),
    (Words(&["chromecast"]), Known::of("Google", "Chromecast", "")),
    (Words(&["google", "home"]), Known::of("Google", "Google Home", "")),
    (Words(&["google", "nest"]), Known::of("Google", "Google Nest", "")),
    (Words(&["kindle"]), Known::of("Amazon", "Kindle", "")),
    (Words(&["echo", "dot"]), Known::of("Amazon", "Echo", "")),
    (Words(&["roku"]), Known::of("Roku", "Roku", "")),
    (Begin("sonos"), Known::of("Sonos", "Sonos", "")),
    (Words(&["ps4"]), Known::of("Sony", "PlayStation 4", "")),
    (Words(&["ps5"]), Known::of("Sony", "PlayStation 5", "")),
    (Hex("sep", 12), Known::of("Cisco", "IP Phone", "")),
    (Hex("polycom_", 12), Known::of("Polycom", "IP Phone", "")),
    (Words(&["yealink"]), Known::of("Yealink", "IP Phone", "")),
    (Hex("axis-", 12), Known::of("Axis", "Network Camera", "")),
    (Hex("npi", 6), Known::of("HP", "Printer", "")),
    (Hex("hp", 6), Known::of("HP", "Printer", "")),
    (Hex("brw", 12), Known::of("Brother", "Printer", "")),
    (Hex("brn", 12), Known::of("Brother", "Printer", "")),
    (Hex("epson", 6), Known::of("Epson", "Printer", "")),
    (Hex("canon", 6), Known::of("Canon", "Printer", "")),
    (Hex("rnp", 12), Known::of("Ricoh", "Printer", "")),
    (Hex("xrx", 12), Known::of("Xerox", "Printer", "")),
    (Hex("km", 6), Known::of("Kyocera", "Printer", "")),
    (Words(&["laserjet"]), Known::of("HP", "Printer", "")),
    (Words(&["officejet"]), Known::of("HP", "Printer", "")),
];

/// Words of models that have no number.
const MODEL_WORDS: [&str; 14] = [
    "pro", "max", "ultra", "plus", "note", "tab", "fold", "flip", "fe", "xl", "mini", "lite",
    "edge", "nord",
];
/// How many words a model has at most.
const MODEL_WORDS_MAX: usize = 4;

/// What a client is by its host name; the domain is of no matter.
pub(super) fn identify(hostname: &str) -> Option<Make> {
    let (rule, model) = find(hostname)?;
    let (_, known) = RULES[rule];
    let model = (!model.is_empty()).then(|| format_smolstr!("{} {model}", known.family));
    Some(Make { model, ..known.make() })
}

/// The rule that a name meets, and the words of the model.
fn find(hostname: &str) -> Option<(usize, String)> {
    let host = hostname.split('.').next().unwrap_or_default();
    let words: Vec<&str> =
        host.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty()).collect();
    RULES.iter().enumerate().find_map(|(at, (sign, _))| match sign {
        Words(wanted) => {
            let met = |run: &[&str]| run.iter().zip(*wanted).all(|(it, word)| is_word(it, word));
            words.windows(wanted.len()).any(met).then(|| (at, String::new()))
        }
        Model(name) => {
            let place = words.iter().position(|it| it.eq_ignore_ascii_case(name))?;
            Some((at, model(&words[place + 1..])))
        }
        Begin(begin) => begins(host, begin).map(|_| (at, String::new())),
        Hex(begin, digits) => {
            let rest = begins(host, begin)?;
            let is_hex = rest.len() == *digits && rest.bytes().all(|it| it.is_ascii_hexdigit());
            is_hex.then(|| (at, String::new()))
        }
    })
}

/// Whether it is this word, or this word and a number: `iPhone15`.
fn is_word(it: &str, word: &str) -> bool {
    begins(it, word).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn begins<'a>(text: &'a str, begin: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(begin.len())?;
    head.eq_ignore_ascii_case(begin).then_some(rest)
}

/// The words that may be a model's: what follows them may be somebody's name.
fn model(words: &[&str]) -> String {
    let is_model = |it: &&&str| {
        it.bytes().any(|byte| byte.is_ascii_digit())
            || MODEL_WORDS.iter().any(|word| it.eq_ignore_ascii_case(word))
    };
    let words = words.iter().take_while(is_model).take(MODEL_WORDS_MAX);
    words.copied().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "names/tests.rs"]
mod tests;
