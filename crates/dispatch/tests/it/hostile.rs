//! Receivers that want our time, our memory or our trust.

use crate::network::Silent;
use crate::receiver::{OK, Receiver, drain, read_head, read_request};
use crate::{Delivery, PATIENCE, SHORT, egress};
use bytes::Bytes;
use foghorn_dispatch::egress::{
    AddressPolicy, BODY_KEPT_BYTES_MAX, Egress, HEAD_BYTES_MAX, Options,
};
use foghorn_dispatch::outcome::ErrorClass;
use foghorn_dispatch::schedule::RetryAfter;
use foghorn_model::time::Micros;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// More than the socket buffers of both ends hold.
const LARGE_BYTES: usize = 64 << 20;

async fn class_within(deadline: std::time::Duration, receiver: &Receiver) -> ErrorClass {
    let sent = Delivery::within(deadline).send_to(&egress(), &receiver.url()).await;
    sent.unwrap_err().class
}

/// Sends these bytes again and again until the peer closes.
async fn for_ever(stream: &mut TcpStream, bytes: &[u8]) {
    while stream.write_all(bytes).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn r01_silence_ends_at_the_deadline_and_frees_the_connection() {
    let (closed, mut was_closed) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream| {
        let closed = closed.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            drain(&mut stream).await;
            closed.send(()).unwrap();
        }
    })
    .await;
    // The client outlives the attempt: it is not its end that closes the connection.
    let egress = egress();
    let error = Delivery::within(SHORT).send_to(&egress, &receiver.url()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Timeout);
    timeout(PATIENCE, was_closed.recv()).await.unwrap();
}

#[tokio::test]
async fn r01_each_step_before_the_request_has_a_limit() {
    let stalled = Receiver::start(|mut stream| async move {
        drain(&mut stream).await;
    })
    .await;
    let tls = format!("https://{}/", stalled.address);
    let name = "http://hooks.example.com/";
    let mut options = Options::new(AddressPolicy { allow_loopback: true, ..Default::default() });
    options.connect_max = SHORT;
    let silent = |network| Options { network: Arc::new(network), ..options.clone() };
    let table = [
        (silent(Silent::Lookup), name, "timed out while looking up the name"),
        (silent(Silent::Dial), name, "timed out while connecting"),
        (options.clone(), tls.as_str(), "timed out while negotiating tls"),
    ];
    for (options, url, expected) in table {
        let egress = Egress::new(options).unwrap();
        let error = Delivery::default().send_to(&egress, url).await.unwrap_err();
        assert_eq!((error.class, error.detail.as_str()), (ErrorClass::Timeout, expected));
    }
}

#[tokio::test]
async fn r01_the_deadline_covers_the_steps_before_the_request() {
    for network in [Silent::Lookup, Silent::Dial] {
        let mut options = Options::new(AddressPolicy::default());
        options.connect_max = PATIENCE;
        options.network = Arc::new(network);
        let egress = Egress::new(options).unwrap();
        let sent = Delivery::within(SHORT).send_to(&egress, "http://hooks.example.com/").await;
        assert_eq!(sent.unwrap_err().class, ErrorClass::Timeout);
    }
}

#[tokio::test]
async fn r02_a_head_that_drips_ends_at_the_deadline() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        for byte in b"HTTP/1.1 200 OK\r\nX-A: ".iter().chain(std::iter::repeat(&b'a')) {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await;
    assert_eq!(class_within(SHORT, &receiver).await, ErrorClass::Timeout);
}

#[tokio::test]
async fn r02_heads_beyond_the_limits_are_refused() {
    let many = "X-A: b\r\n".repeat(10_000);
    let long = format!("X-A: {}\r\n", "a".repeat(1 << 20));
    let barely = format!("X-A: {}\r\n", "a".repeat(HEAD_BYTES_MAX));
    for headers in [many, long, barely] {
        let answer = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 0\r\n\r\n");
        let receiver = Receiver::answering(answer).await;
        assert_eq!(class_within(PATIENCE, &receiver).await, ErrorClass::Protocol);
    }
    let much = format!("HTTP/1.1 200 OK\r\nX-A: {}\r\nContent-Length: 0\r\n\r\n", "a".repeat(8192));
    let receiver = Receiver::answering(much).await;
    assert!(Delivery::default().send_to(&egress(), &receiver.url()).await.is_ok());
}

#[tokio::test]
async fn r03_a_body_that_drips_changes_no_success() {
    let (closed, mut was_closed) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream| {
        let closed = closed.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab").await.unwrap();
            drain(&mut stream).await;
            closed.send(()).unwrap();
        }
    })
    .await;
    let egress = egress();
    let sent = Delivery::within(SHORT).send_to(&egress, &receiver.url()).await.unwrap();
    assert_eq!((sent.status, &sent.body_excerpt[..], sent.truncated), (200, &b"ab"[..], true));
    timeout(PATIENCE, was_closed.recv()).await.unwrap();
}

#[tokio::test]
async fn r04_endless_bodies_stop_at_the_cap_and_close_the_connection() {
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let heads = [
        ("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", chunk.clone()),
        ("HTTP/1.1 500 No\r\nContent-Length: 10000000000\r\n\r\n", "x".repeat(1024)),
        ("HTTP/1.1 500 No\r\nConnection: close\r\n\r\n", "x".repeat(1024)),
    ];
    for (head, piece) in heads {
        let (closed, mut was_closed) = mpsc::unbounded_channel();
        let receiver = Receiver::start(move |mut stream| {
            let (piece, closed) = (piece.clone(), closed.clone());
            async move {
                read_request(&mut stream).await.unwrap();
                stream.write_all(head.as_bytes()).await.unwrap();
                for_ever(&mut stream, piece.as_bytes()).await;
                closed.send(()).unwrap();
            }
        })
        .await;
        let egress = egress();
        let sent = Delivery::default().send_to(&egress, &receiver.url()).await.unwrap();
        assert_eq!((sent.status, sent.truncated), (500, true), "{head}");
        assert_eq!(sent.body_excerpt, vec![b'x'; BODY_KEPT_BYTES_MAX], "{head}");
        timeout(PATIENCE, was_closed.recv()).await.unwrap();
    }
}

#[tokio::test]
async fn r04_a_body_of_exactly_the_cap_is_whole() {
    for (length, truncated) in [(BODY_KEPT_BYTES_MAX, false), (BODY_KEPT_BYTES_MAX + 1, true)] {
        let body = "x".repeat(length);
        let receiver = Receiver::answering(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await;
        let sent = Delivery::default().send_to(&egress(), &receiver.url()).await.unwrap();
        assert_eq!((sent.body_excerpt.len(), sent.truncated), (BODY_KEPT_BYTES_MAX, truncated));
    }
}

#[tokio::test]
async fn r05_compressed_bodies_are_kept_as_they_came() {
    for encoding in ["gzip", "br", "zstd", "deflate", "gzip, gzip", "nonsense"] {
        let body = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend_from_slice(body);
        let receiver = Receiver::answering(answer).await;
        let sent = Delivery::default().send_to(&egress(), &receiver.url()).await.unwrap();
        assert_eq!((&sent.body_excerpt[..], sent.truncated), (&body[..], false), "{encoding}");
    }
}

#[tokio::test]
async fn r06_a_receiver_that_never_reads_ends_at_the_deadline() {
    let (read, mut was_read) = mpsc::unbounded_channel();
    let release = Arc::new(tokio::sync::Notify::new());
    let released = Arc::clone(&release);
    let receiver = Receiver::start(move |mut stream| {
        let (read, released) = (read.clone(), Arc::clone(&released));
        async move {
            released.notified().await;
            read.send(drain(&mut stream).await).unwrap();
        }
    })
    .await;
    let body = Bytes::from(vec![b'x'; LARGE_BYTES]);
    let delivery = Delivery { body, ..Delivery::within(SHORT) };
    let egress = egress();
    let error = delivery.send_to(&egress, &receiver.url()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Timeout);
    release.notify_one();
    let read = timeout(PATIENCE, was_read.recv()).await.unwrap().unwrap();
    assert!(read < LARGE_BYTES as u64, "the rest was not sent: {read}");
}

#[tokio::test]
async fn r07_connections_that_break_are_one_failed_attempt() {
    let answers: [&[u8]; 3] = [b"", b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\nContent-Le"];
    for answer in answers {
        for reset in [false, true] {
            let receiver = Receiver::start(move |mut stream| async move {
                read_request(&mut stream).await.unwrap();
                stream.write_all(answer).await.unwrap();
                if reset {
                    stream.set_zero_linger().unwrap();
                }
            })
            .await;
            assert_eq!(class_within(PATIENCE, &receiver).await, ErrorClass::Reset, "{answer:?}");
            assert_eq!(receiver.connections(), 1);
        }
    }
}

#[tokio::test]
async fn r07_a_body_that_breaks_off_changes_no_success() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await.unwrap();
    })
    .await;
    let sent = Delivery::default().send_to(&egress(), &receiver.url()).await.unwrap();
    assert_eq!((sent.status, &sent.body_excerpt[..], sent.truncated), (200, &b"abc"[..], true));
}

#[tokio::test]
async fn r07_a_request_that_was_written_is_not_sent_again() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let receiver = Receiver::start(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            read_request(&mut stream).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            stream.write_all(OK).await.unwrap();
            if read_request(&mut stream).await.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    let egress = egress();
    assert!(Delivery::default().send_to(&egress, &receiver.url()).await.is_ok());
    let error = Delivery::default().send_to(&egress, &receiver.url()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Reset);
    assert_eq!((requests.load(Ordering::SeqCst), receiver.connections()), (2, 1));
}

#[tokio::test]
async fn r07_a_kept_connection_that_was_closed_is_replaced() {
    let (closed, mut was_closed) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream| {
        let closed = closed.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(OK).await.unwrap();
            drop(stream);
            closed.send(()).unwrap();
        }
    })
    .await;
    let egress = egress();
    for sent in 1..=3 {
        let response = Delivery::default().send_to(&egress, &receiver.url()).await.unwrap();
        assert_eq!((response.status, receiver.connections()), (200, sent));
        timeout(PATIENCE, was_closed.recv()).await.unwrap();
        // Lets the runtime look at its sockets, which it does every so many turns.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn r08_an_early_413_is_heard_though_the_body_was_not_read() {
    let receiver = Receiver::start(|mut stream| async move {
        read_head(&mut stream).await.unwrap();
        let answer = b"HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        drain(&mut stream).await;
    })
    .await;
    let delivery = Delivery { body: Bytes::from(vec![b'x'; LARGE_BYTES]), ..Delivery::default() };
    let sent = delivery.send_to(&egress(), &receiver.url()).await.unwrap();
    assert_eq!(sent.status, 413);
}

#[tokio::test]
async fn r08_what_is_not_http_is_refused() {
    let answers: [&[u8]; 5] = [
        b"hello\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"HTTP/1.1 99999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/2.0 200 OK\r\n\r\n",
    ];
    for answer in answers {
        let receiver = Receiver::answering(answer).await;
        let class = class_within(PATIENCE, &receiver).await;
        assert_eq!(class, ErrorClass::Protocol, "{}", String::from_utf8_lossy(answer));
    }
}

#[tokio::test]
async fn r08_a_flood_of_provisional_answers_ends_at_the_deadline() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        for_ever(&mut stream, b"HTTP/1.1 100 Continue\r\n\r\n").await;
    })
    .await;
    assert_eq!(class_within(SHORT, &receiver).await, ErrorClass::Timeout);
}

#[tokio::test]
async fn r08_switching_protocols_is_no_success() {
    let switch = "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let receiver = Receiver::answering(switch).await;
    let sent = Delivery::default().send_to(&egress(), &receiver.url()).await.unwrap();
    assert_eq!(sent.status, 101);
}

#[tokio::test]
async fn r09_retry_after_is_read_when_it_can_be() {
    let table = [
        ("7", Some(RetryAfter::Delay(Micros::from_secs(7)))),
        ("999999999", Some(RetryAfter::Delay(Micros::from_secs(300)))),
        ("-1", None),
        ("soon", None),
        ("\u{fffd}", None),
    ];
    for (asked, expected) in table {
        let answer =
            format!("HTTP/1.1 503 Busy\r\nRetry-After: {asked}\r\nContent-Length: 0\r\n\r\n");
        let receiver = Receiver::answering(answer).await;
        let sent = Delivery::default().send_to(&egress(), &receiver.url()).await.unwrap();
        assert_eq!((sent.status, sent.retry_after), (503, expected), "{asked}");
    }
}

#[tokio::test]
async fn r12_bodies_of_any_bytes_are_kept() {
    let body = b"\0\x1b[31m<script>\xff\xfe";
    let head = format!("HTTP/1.1 500 No\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut answer = head.into_bytes();
    answer.extend_from_slice(body);
    let receiver = Receiver::answering(answer).await;
    let sent = Delivery::default().send_to(&egress(), &receiver.url()).await.unwrap();
    assert_eq!(&sent.body_excerpt[..], body);
}
