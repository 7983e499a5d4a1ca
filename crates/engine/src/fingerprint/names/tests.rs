use super::*;
use std::collections::BTreeSet;

/// A name of each rule, in their order, and what it shows: manufacturer, family, model, system.
const NAMES: &[(&str, &str)] = &[
    ("Alexs-iPhone", "Apple|iPhone|-|iOS"),
    ("ipad-2.example.net", "Apple|iPad|-|iPadOS"),
    ("iPod", "Apple|iPod|-|iOS"),
    ("Alexs-Apple-Watch", "Apple|Apple Watch|-|watchOS"),
    ("Apple-TV", "Apple|Apple TV|-|tvOS"),
    ("AppleTV4", "Apple|Apple TV|-|tvOS"),
    ("HomePod", "Apple|HomePod|-|-"),
    ("Alexs-MacBook-Pro-2", "Apple|MacBook Pro|-|macOS"),
    ("MacBookPro", "Apple|MacBook Pro|-|macOS"),
    ("alexs-mbp", "Apple|MacBook Pro|-|macOS"),
    ("MacBook-Air", "Apple|MacBook Air|-|macOS"),
    ("MacBookAir", "Apple|MacBook Air|-|macOS"),
    ("MacBook", "Apple|MacBook|-|macOS"),
    ("iMac", "Apple|iMac|-|macOS"),
    ("Mac-mini", "Apple|Mac mini|-|macOS"),
    ("Mac-Studio", "Apple|Mac Studio|-|macOS"),
    ("Mac-Pro", "Apple|Mac Pro|-|macOS"),
    ("Galaxy-Watch4", "Samsung|Galaxy Watch|-|-"),
    ("Galaxy-S23-Ultra-von-Alex", "Samsung|Galaxy|Galaxy S23 Ultra|Android"),
    ("Pixel-7-Pro", "Google|Pixel|Pixel 7 Pro|Android"),
    ("Nexus-5X", "Google|Nexus|Nexus 5X|Android"),
    ("OnePlus-Nord", "OnePlus|OnePlus|OnePlus Nord|Android"),
    ("Redmi-Note-10", "Xiaomi|Redmi|Redmi Note 10|Android"),
    ("POCO-X3", "Xiaomi|POCO|POCO X3|Android"),
    ("Xiaomi-13", "Xiaomi|Xiaomi|Xiaomi 13|Android"),
    ("HUAWEI_P30", "Huawei|Huawei|Huawei P30|Android"),
    ("OPPO-A54", "OPPO|OPPO|OPPO A54|Android"),
    ("moto-g7", "Motorola|Moto|Moto g7|Android"),
    ("Xperia-5", "Sony|Xperia|Xperia 5|Android"),
    ("Fairphone-4", "Fairphone|Fairphone|Fairphone 4|Android"),
    ("android-0123456789abcdef", "-|-|-|Android"),
    ("my-Android", "-|-|-|Android"),
    ("Surface-Alex", "Microsoft|Surface|-|Windows"),
    ("Xbox", "Microsoft|Xbox|-|-"),
    ("XboxOne", "Microsoft|Xbox One|-|-"),
    ("DESKTOP-4F7J2K1", "-|-|-|Windows"),
    ("LAPTOP-1A2B3C4D", "-|-|-|Windows"),
    ("WIN-8J2K1LM3N4P", "-|-|-|Windows"),
    ("alex-thinkpad", "Lenovo|ThinkPad|-|-"),
    ("Chromebook", "-|Chromebook|-|ChromeOS"),
    ("raspberrypi", "Raspberry Pi|Raspberry Pi|-|Linux"),
    ("ubuntu-22", "-|-|-|Linux"),
    ("debian", "-|-|-|Linux"),
    ("fedora", "-|-|-|Linux"),
    ("Chromecast", "Google|Chromecast|-|-"),
    ("Google-Home", "Google|Google Home|-|-"),
    ("google-nest-hub", "Google|Google Nest|-|-"),
    ("kindle-0123", "Amazon|Kindle|-|-"),
    ("echo-dot-kitchen", "Amazon|Echo|-|-"),
    ("roku-3", "Roku|Roku|-|-"),
    ("SonosZP", "Sonos|Sonos|-|-"),
    ("PS4-123", "Sony|PlayStation 4|-|-"),
    ("PS5-123", "Sony|PlayStation 5|-|-"),
    ("SEP0011223344AA", "Cisco|IP Phone|-|-"),
    ("Polycom_0004f2aabbcc", "Polycom|IP Phone|-|-"),
    ("yealink-t46", "Yealink|IP Phone|-|-"),
    ("axis-00408caabbcc", "Axis|Network Camera|-|-"),
    ("NPI8F3A21", "HP|Printer|-|-"),
    ("HP8F3A21", "HP|Printer|-|-"),
    ("BRW0080927aabbc", "Brother|Printer|-|-"),
    ("BRN001BA9aabbcc", "Brother|Printer|-|-"),
    ("EPSON12AB34", "Epson|Printer|-|-"),
    ("Canon12ab34", "Canon|Printer|-|-"),
    ("RNP002673aabbcc", "Ricoh|Printer|-|-"),
    ("XRX0000AAaabbcc", "Xerox|Printer|-|-"),
    ("KM12AB34", "Kyocera|Printer|-|-"),
    ("office-LaserJet", "HP|Printer|-|-"),
    ("OfficeJet-Pro", "HP|Printer|-|-"),
];

fn told(name: &str) -> String {
    let make = identify(name).unwrap_or_default();
    let members = [make.manufacture, make.family, make.model, make.os];
    members.map(|it| it.unwrap_or("-".into())).join("|")
}

#[test]
fn each_rule_has_a_name_that_meets_it() {
    let mut met = BTreeSet::new();
    for (name, make) in NAMES {
        assert_eq!(told(name), *make, "{name}");
        met.extend(find(name).map(|(rule, _)| rule));
    }
    let unmet: Vec<usize> = (0..RULES.len()).filter(|rule| !met.contains(rule)).collect();
    assert!(unmet.is_empty(), "{unmet:?}");
}

#[test]
fn names_that_only_look_like_one_show_nothing() {
    let names = [
        "",
        ".",
        "laptop",
        "iphones",
        "hp8f3a2",
        "hp8f3a21x",
        "npixyz123",
        "desktop",
        "phil",
        "été",
    ];
    for name in names {
        assert_eq!(told(name), "-|-|-|-", "{name}");
    }
}
