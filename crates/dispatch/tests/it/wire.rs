//! What a receiver sees.

use crate::receiver::{OK, Received, Receiver, read_request};
use crate::{AT, Delivery, SECRET, egress};
use foghorn_dispatch::outcome::{Answer, ErrorClass};
use foghorn_dispatch::sign::Verifier;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt as _;

async fn recording() -> (Receiver, Arc<Mutex<Vec<Received>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    let receiver = Receiver::start(move |mut stream| {
        let log = Arc::clone(&log);
        async move {
            while let Some(request) = read_request(&mut stream).await {
                log.lock().unwrap().push(request);
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    (receiver, requests)
}

#[tokio::test]
async fn headers_are_spelled_as_go_spells_them() {
    let (receiver, requests) = recording().await;
    let url = format!("{}?token=a%20b", receiver.url());
    Delivery::default().send_to(&egress(), &url).await.unwrap();
    let request = requests.lock().unwrap()[0].clone();
    assert!(request.head.starts_with("POST /hook?token=a%20b HTTP/1.1\r\n"), "{}", request.head);
    let mut names: Vec<&str> =
        request.head.lines().skip(1).filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    names.sort_unstable();
    let expected = [
        "Accept-Encoding",
        "Content-Length",
        "Content-Type",
        "Host",
        "User-Agent",
        "Webhook-Id",
        "Webhook-Signature",
        "Webhook-Timestamp",
        "X-Foghorn-First",
        "X-Foghorn-Lane",
        "X-Foghorn-Last",
        "X-Mist-Signature",
        "X-Mist-Signature-V2",
    ];
    assert_eq!(names, expected);
    assert_eq!(request.header("User-Agent"), Some("Mist-webhook"));
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    assert_eq!(request.header("Accept-Encoding"), Some("identity"));
    assert_eq!(request.header("Host"), Some(receiver.address.to_string().as_str()));
    assert_eq!(request.header("X-Foghorn-Lane"), Some("lane-1"));
}

#[tokio::test]
async fn k2_the_bytes_that_arrive_are_the_bytes_that_were_signed() {
    let (receiver, requests) = recording().await;
    let body = r#"{"topic":"audits","events":[{"b":1.0,"a":1e3,"ü":"\u00fc/\/"}]}"#;
    let delivery = Delivery { body: body.into(), ..Delivery::default() };
    delivery.send_to(&egress(), &receiver.url()).await.unwrap();
    let request = requests.lock().unwrap()[0].clone();
    assert_eq!(request.body, body.as_bytes());
    let header = |name| request.header(name).unwrap();
    let verifier = Verifier::new(SECRET);
    assert_eq!(verifier.mist_v2(&request.body, header("X-Mist-Signature-V2")), Ok(()));
    assert_eq!(verifier.mist_v1(&request.body, header("X-Mist-Signature")), Ok(()));
    let (id, at) = (header("Webhook-Id"), header("Webhook-Timestamp"));
    let signature = header("Webhook-Signature");
    assert_eq!(verifier.standard(id, at, &request.body, signature, AT), Ok(()));
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (receiver, requests) = recording().await;
    let egress = egress();
    for _ in 0..5 {
        Delivery::default().send_to(&egress, &receiver.url()).await.unwrap();
    }
    assert_eq!((requests.lock().unwrap().len(), receiver.connections()), (5, 1));
}

#[tokio::test]
async fn answers_of_any_status_are_answers() {
    for code in [200, 204, 400, 404, 413, 429, 500, 599] {
        let length = if code == 204 { "" } else { "Content-Length: 0\r\n" };
        let receiver = Receiver::answering(format!("HTTP/1.1 {code} X\r\n{length}\r\n")).await;
        let sent = Delivery::default().send_to(&egress(), &receiver.url()).await.unwrap();
        assert_eq!(sent.answer(), Answer::Status { code, retry_after: None });
        assert_eq!((sent.body_excerpt.len(), sent.truncated, sent.location), (0, false, None));
    }
}

#[tokio::test]
async fn nobody_listening_is_a_failed_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    let sent = Delivery::default().send_to(&egress(), &format!("http://{free}/")).await;
    let error = sent.unwrap_err();
    assert_eq!(error.class, ErrorClass::Connect);
    assert_eq!(error.answer(), Answer::Failed(ErrorClass::Connect));
}
