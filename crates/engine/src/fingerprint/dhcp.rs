//! What DHCP requests show: the options that a client asks for, in its order (option 55), and the
//! vendor class that it tells (option 60). The class names the system or the thing, so it goes
//! first; the options are those that the DHCP client of a system always asks for.

use super::Known;
use foghorn_model::event::client::Make;
use smol_str::{SmolStr, format_smolstr};

const WINDOWS: Known = Known::of("", "", "Windows");
const MAC: Known = Known::of("Apple", "Mac", "macOS");
const IOS: Known = Known::of("Apple", "", "iOS");
const ANDROID: Known = Known::of("", "", "Android");
const LINUX: Known = Known::of("", "", "Linux");

/// By the options asked for.
#[rustfmt::skip]
const OPTIONS: &[(&str, Known)] = &[
    ("1,3,6,15,31,33,43,44,46,47,119,121,249,252", WINDOWS),
    ("1,3,6,15,31,33,43,44,46,47,121,249,252", WINDOWS),
    ("1,15,3,6,44,46,47,31,33,121,249,252,43", WINDOWS),
    ("1,15,3,6,44,46,47,31,33,121,249,43", WINDOWS),
    ("1,15,3,6,44,46,47,31,33,249,43", WINDOWS),
    ("1,121,3,6,15,108,114,119,252,95,44,46", MAC),
    ("1,121,3,6,15,114,119,252,95,44,46", MAC),
    ("1,121,3,6,15,119,252,95,44,46", MAC),
    ("1,3,6,15,119,95,252,44,46", MAC),
    ("1,121,3,6,15,108,114,119,252", IOS),
    ("1,121,3,6,15,114,119,252", IOS),
    ("1,121,3,6,15,119,252", IOS),
    ("1,3,6,15,119,252", IOS),
    ("1,3,6,15,26,28,51,58,59,43,114,108", ANDROID),
    ("1,3,6,15,26,28,51,58,59,43,114", ANDROID),
    ("1,3,6,15,26,28,51,58,59,43", ANDROID),
    ("1,3,6,15,26,28,51,58,59", ANDROID),
    ("1,33,3,6,15,28,51,58,59", ANDROID),
    ("1,2,6,12,15,26,28,121,3,33,40,41,42,119,249,252,17", LINUX),
    ("1,28,2,3,15,6,119,12,44,47,26,121,42", LINUX),
    ("1,3,6,12,15,28,42", LINUX),
];

/// What follows a class that begins as the table says.
#[derive(Clone, Copy)]
enum Rest {
    /// Nothing of interest.
    Nothing,
    /// The version of the system.
    Version,
    /// The model, up to a comma.
    Model,
}

/// By how the vendor class begins.
#[rustfmt::skip]
const CLASSES: &[(&str, Known, Rest)] = &[
    ("MSFT 5.0", WINDOWS, Rest::Nothing),
    ("android-dhcp-", ANDROID, Rest::Version),
    ("udhcp ", LINUX, Rest::Nothing),
    ("Cisco Systems, Inc. IP Phone ", Known::of("Cisco", "IP Phone", ""), Rest::Model),
    ("Polycom-", Known::of("Polycom", "IP Phone", ""), Rest::Model),
    ("yealink", Known::of("Yealink", "IP Phone", ""), Rest::Nothing),
    ("AXIS,Network Camera,", Known::of("Axis", "Network Camera", ""), Rest::Model),
    ("Hewlett-Packard JetDirect", Known::of("HP", "Printer", ""), Rest::Nothing),
    ("PS4", Known::of("Sony", "PlayStation 4", ""), Rest::Nothing),
    ("PS5", Known::of("Sony", "PlayStation 5", ""), Rest::Nothing),
];

/// What a client is by its requests; `None` when nothing is known of them.
pub(crate) fn identify(options: Option<&str>, class: Option<&str>) -> Option<Make> {
    let of_class = class.and_then(|class| by_class(class).or_else(|| by_parts(class)));
    of_class.or_else(|| by_options(options?))
}

fn by_options(asked: &str) -> Option<Make> {
    let known = OPTIONS.iter().find(|(options, _)| same_numbers(options, asked));
    known.map(|(_, known)| known.make())
}

/// Whether two lists are of the same numbers, with or without blanks.
fn same_numbers(one: &str, other: &str) -> bool {
    one.split(',').eq(other.split(',').map(str::trim))
}

fn by_class(class: &str) -> Option<Make> {
    if class.starts_with("dhcpcd") && class.contains(":Linux") {
        return Some(LINUX.make());
    }
    let begins = |(begin, ..): &&(&str, Known, Rest)| class.starts_with(begin);
    let (begin, known, rest) = CLASSES.iter().find(begins)?;
    let (mut make, text) = (known.make(), class[begin.len()..].trim());
    match rest {
        Rest::Version if !text.is_empty() => {
            make.os = Some(format_smolstr!("{} {text}", known.os));
        }
        Rest::Model => {
            make.model = text.split(',').next().filter(|it| !it.is_empty()).map(SmolStr::new);
        }
        Rest::Version | Rest::Nothing => {}
    }
    Some(make)
}

/// Printers tell what they are in parts: `Mfg=…;Typ=Printer;Mod=…;`.
fn by_parts(class: &str) -> Option<Make> {
    let part = |key: &str| {
        let mut parts = class.split(';').filter_map(|part| part.split_once('='));
        parts.find(|(name, _)| *name == key).map(|(_, value)| SmolStr::new(value.trim()))
    };
    let manufacture = part("Mfg").map(|name| match name.as_str() {
        "Hewlett Packard" | "Hewlett-Packard" => "HP".into(),
        _ => name,
    });
    Some(Make {
        manufacture: Some(manufacture?),
        family: part("Typ"),
        model: part("Mod"),
        os: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(options: &str, class: &str) -> String {
        let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let make = identify(given(options), given(class)).unwrap_or_default();
        [make.manufacture, make.family, make.model, make.os]
            .map(|it| it.unwrap_or("-".into()))
            .join("|")
    }

    #[test]
    fn each_list_of_options_is_one_and_found() {
        for (at, (options, known)) in OPTIONS.iter().enumerate() {
            let make = identify(Some(&options.replace(',', ", ")), None);
            assert_eq!(make, Some(known.make()), "{options}");
            assert!(!OPTIONS[..at].iter().any(|(other, _)| other == options), "{options}");
        }
        assert_eq!(told("1,3", ""), "-|-|-|-");
    }

    #[test]
    fn a_vendor_class_tells_before_the_options() {
        let cases = [
            ("MSFT 5.0", "-|-|-|Windows"),
            ("android-dhcp-13", "-|-|-|Android 13"),
            ("udhcp 1.36.1", "-|-|-|Linux"),
            ("dhcpcd-9.4.1:Linux-6.1.0:x86_64:GenuineIntel", "-|-|-|Linux"),
            ("Cisco Systems, Inc. IP Phone CP-8841", "Cisco|IP Phone|CP-8841|-"),
            ("Polycom-VVX411", "Polycom|IP Phone|VVX411|-"),
            ("yealink", "Yealink|IP Phone|-|-"),
            ("AXIS,Network Camera,M3037,5.75", "Axis|Network Camera|M3037|-"),
            ("Hewlett-Packard JetDirect", "HP|Printer|-|-"),
            ("PS4", "Sony|PlayStation 4|-|-"),
            ("PS5", "Sony|PlayStation 5|-|-"),
            (
                "Mfg=Hewlett Packard;Typ=Printer;Mod=HP LaserJet 400;Ser=X1;",
                "HP|Printer|HP LaserJet 400|-",
            ),
            ("Mfg=Lexmark;Typ=Printer;Mod=MS610;", "Lexmark|Printer|MS610|-"),
            ("something else", "Apple|-|-|iOS"),
        ];
        for (class, make) in cases {
            assert_eq!(told("1,3,6,15,119,252", class), make, "{class}");
        }
        let met = |begin: &str| cases.iter().any(|(class, _)| class.starts_with(begin));
        assert!(CLASSES.iter().all(|(begin, ..)| met(begin)), "each row");
    }
}
