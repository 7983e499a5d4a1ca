//! Receivers that hang, fail, refuse and answer, side by side on one server.

use crate::process::{World, until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// How a receiver behaves while it is ill.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Illness {
    None,
    Hangs,
    Answers(u16),
}

/// A receiver that is ill until told otherwise, and keeps the texts of what it took.
struct Patient {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<String>>>,
    asked: Arc<AtomicBool>,
}

impl Patient {
    fn start(illness: Illness, well: &Arc<AtomicBool>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, asked) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let it = Self { address, taken: Arc::clone(&taken), asked: Arc::clone(&asked) };
        let well = Arc::clone(well);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (taken, asked) = (Arc::clone(&taken), Arc::clone(&asked));
                let well = Arc::clone(&well);
                std::thread::spawn(move || serve(&stream.unwrap(), illness, &well, &taken, &asked));
            }
        });
        it
    }

    fn texts(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

/// Serves one connection until the other side closes it.
fn serve(
    stream: &TcpStream,
    illness: Illness,
    well: &AtomicBool,
    taken: &Mutex<Vec<String>>,
    asked: &AtomicBool,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        asked.store(true, Ordering::Release);
        let illness = if well.load(Ordering::Acquire) { Illness::None } else { illness };
        let status = match illness {
            Illness::Hangs => {
                // Until the sender gives up.
                drop(reader.read(&mut [0]));
                return None;
            }
            Illness::Answers(status) => status,
            Illness::None => {
                let body: Value = serde_json::from_slice(&body).unwrap();
                let events = body["events"].as_array().unwrap();
                let texts = events.iter().map(|it| it["text"].as_str().unwrap().to_owned());
                taken.lock().unwrap().extend(texts);
                200
            }
        };
        write!(&mut &*stream, "HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}

#[test]
fn a_fast_receiver_does_not_notice_the_ill_and_they_get_all_in_order_once_well() {
    let mut world = World::new();
    world.serve(&[]);
    world.device("5c5b35000001", "AP");
    let well = Arc::new(AtomicBool::new(false));
    let start = |illness| Patient::start(illness, &well);
    let fast = start(Illness::None);
    let ill = [Illness::Hangs, Illness::Answers(500), Illness::Answers(404)].map(start);
    for patient in ill.iter().chain([&fast]) {
        let webhook = json!({
            "url": format!("http://{}/", patient.address), "topics": ["device-events"],
        });
        world.post(&format!("orgs/{}/webhooks", world.org), &webhook);
    }
    let names: Vec<String> = (0..300).map(|number| format!("n{number:03}")).collect();
    for names in names.chunks(3) {
        let line = |name: &String| {
            let line = json!({
                "kind": "device-event", "mac": "5c5b35000001", "type": "AP_CONFIGURED",
                "text": name,
            });
            format!("{line}\n")
        };
        world.telemetry(&names.iter().map(line).collect::<String>());
    }
    until("the ill to be asked", || ill.iter().all(|it| it.asked.load(Ordering::Acquire)));
    until("the fast one to have everything", || fast.texts() == names);
    assert!(ill.iter().all(|it| it.texts().is_empty()), "none of the others took anything");

    well.store(true, Ordering::Release);
    for patient in &ill {
        until("a recovered receiver to have everything", || patient.texts().len() >= names.len());
        assert_eq!(patient.texts(), names, "all of it, in order, once");
    }
}
