//! The rules of the tree: who may depend on whom, and how files look.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each crate may depend on among ours. Arrows point down only.
const LAYERS: [(&str, &[&str]); 13] = [
    ("foghorn-model", &[]),
    ("foghorn-mutant", &[]),
    ("foghorn-log", &["foghorn-mutant"]),
    ("foghorn-engine", &["foghorn-model", "foghorn-mutant"]),
    ("foghorn-catalog", &["foghorn-model"]),
    ("foghorn-pipeline", &["foghorn-model", "foghorn-mutant", "foghorn-engine", "foghorn-log"]),
    ("foghorn-ingest", &["foghorn-model"]),
    ("foghorn-dispatch", &["foghorn-model", "foghorn-mutant"]),
    ("foghorn-api", &["foghorn-model", "foghorn-catalog", "foghorn-ingest"]),
    (
        "foghorn",
        &[
            "foghorn-model",
            "foghorn-engine",
            "foghorn-log",
            "foghorn-catalog",
            "foghorn-pipeline",
            "foghorn-ingest",
            "foghorn-dispatch",
            "foghorn-api",
        ],
    ),
    (
        "foghorn-sim",
        &[
            "foghorn-model",
            "foghorn-mutant",
            "foghorn-engine",
            "foghorn-log",
            "foghorn-pipeline",
            "foghorn-dispatch",
        ],
    ),
    (
        "foghorn-fuzz",
        &["foghorn-model", "foghorn-engine", "foghorn-log", "foghorn-ingest", "foghorn-dispatch"],
    ),
    ("xtask", &[]),
];
/// What the deterministic core must never see.
const NOT_IN_CORE: [&str; 8] =
    ["tokio", "hyper", "http", "axum", "rusqlite", "getrandom", "rustls", "tracing"];
const LINES_MAX: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn manifests() -> BTreeMap<String, toml::Table> {
    let mut found = BTreeMap::new();
    let crates = std::fs::read_dir(root().join("crates")).unwrap();
    let paths = crates.map(|it| it.unwrap().path()).chain([root().join("xtask")]);
    for path in paths {
        let manifest: toml::Table =
            std::fs::read_to_string(path.join("Cargo.toml")).unwrap().parse().unwrap();
        found.insert(manifest["package"]["name"].as_str().unwrap().to_owned(), manifest);
    }
    found
}

fn dependencies(manifest: &toml::Table) -> BTreeSet<&str> {
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys().map(String::as_str)).collect()
}

#[test]
fn dependencies_point_down() {
    let layers: BTreeMap<&str, &[&str]> = LAYERS.into_iter().collect();
    for (name, manifest) in manifests() {
        let allowed = layers.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no layer"));
        for dependency in dependencies(&manifest) {
            let ours = dependency.starts_with("foghorn");
            assert!(!ours || allowed.contains(&dependency), "{name} depends on {dependency}");
            let core = ["foghorn-model", "foghorn-engine"].contains(&name.as_str());
            assert!(!core || !NOT_IN_CORE.contains(&dependency), "{name} depends on {dependency}");
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest: toml::Table =
        std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let table = manifest["workspace"]["dependencies"].as_table().unwrap();
    let listed: BTreeSet<&str> =
        table.keys().map(String::as_str).filter(|name| !name.starts_with("foghorn")).collect();
    let text = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let reasons: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(listed, reasons);
    let manifests = manifests();
    let used: BTreeSet<&str> = manifests
        .values()
        .flat_map(|it| ["dependencies", "dev-dependencies"].map(|key| it.get(key)))
        .flatten()
        .flat_map(|table| table.as_table().unwrap().keys().map(String::as_str))
        .filter(|name| !name.starts_with("foghorn"))
        .collect();
    assert_eq!(listed, used, "the workspace's table lists what is used, and nothing else");
}

#[test]
fn files_are_small_and_free_of_what_is_not_allowed() {
    let mut faults = Vec::new();
    let crates = std::fs::read_dir(root().join("crates")).unwrap();
    let sources = crates.map(|it| it.unwrap().path().join("src")).chain([root().join("xtask/src")]);
    for source in sources {
        each_file(&source, &mut |path, text| {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            let is_of_tests = path.parent().is_some_and(|folder| folder.ends_with("tests"));
            if path.ends_with("tests.rs") || is_of_tests {
                return;
            }
            let lines = text.lines().count();
            if lines > LINES_MAX {
                faults.push(format!("{name} has {lines} lines"));
            }
            let code = text.split("#[cfg(test)]").next().unwrap();
            for banned in [".unwrap()", "unsafe ", "todo!(", "unimplemented!("] {
                if code.contains(banned) {
                    faults.push(format!("{name} has {banned}"));
                }
            }
        });
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

fn each_file(directory: &Path, visit: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, visit);
        } else if path.extension().is_some_and(|it| it == "rs") {
            visit(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn each_payload_is_an_example_on_the_page_of_its_topic() {
    let payloads = std::fs::read_dir(root().join("docs/payloads")).unwrap();
    for payload in payloads.map(|file| file.unwrap().path()) {
        let body: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&payload).unwrap()).unwrap();
        let Some(topic) = body["topic"].as_str() else { continue };
        let page = root().join(format!("docs/topics/{topic}.md"));
        let page = std::fs::read_to_string(&page).unwrap_or_default();
        let name = payload.file_name().unwrap().to_string_lossy().into_owned();
        assert!(page.contains(&format!("(../payloads/{name})")), "{topic}: {name}");
    }
}
