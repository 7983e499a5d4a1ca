//! Receivers behind TLS, and those that only say so.

use crate::receiver::{OK, Receiver, read_request};
use crate::{Delivery, PATIENCE, SHORT, loopback};
use foghorn_dispatch::egress::{Egress, Options, SendError};
use foghorn_dispatch::outcome::ErrorClass;
use rcgen::{CertificateParams, CertifiedKey, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

type Certified = CertifiedKey<KeyPair>;

fn certificate(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Certified {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    let signing_key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&signing_key).unwrap();
    CertifiedKey { cert, signing_key }
}

fn server(certified: &Certified, asks_for_client: bool) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if asks_for_client {
        builder.with_client_cert_verifier(clients.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    builder.with_single_cert(vec![certified.cert.der().clone()], key).unwrap()
}

async fn receiver(certified: &Certified, asks_for_client: bool) -> Receiver {
    let acceptor = TlsAcceptor::from(Arc::new(server(certified, asks_for_client)));
    Receiver::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            while read_request(&mut stream).await.is_some() {
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await
}

fn trusting(root: &CertificateDer<'static>) -> Egress {
    Egress::new(Options { extra_roots: vec![root.clone()], ..Options::new(loopback()) }).unwrap()
}

async fn send(egress: &Egress, to: &Receiver, verify_cert: bool) -> Result<u16, SendError> {
    let delivery = Delivery { verify_cert, ..Delivery::default() };
    let url = format!("https://{}/", to.address);
    Ok(delivery.send_to(egress, &url).await?.status)
}

fn class(sent: Result<u16, SendError>) -> ErrorClass {
    sent.unwrap_err().class
}

#[tokio::test]
async fn a_certificate_of_a_trusted_root_is_accepted() {
    let certified = certificate("127.0.0.1", |_| {});
    let receiver = receiver(&certified, false).await;
    let egress = trusting(certified.cert.der());
    for _ in 0..2 {
        assert_eq!(send(&egress, &receiver, true).await, Ok(200));
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn r11_a_self_signed_certificate_needs_verify_cert_off() {
    let certified = certificate("127.0.0.1", |_| {});
    let receiver = receiver(&certified, false).await;
    let egress = Egress::new(Options::new(loopback())).unwrap();
    assert_eq!(class(send(&egress, &receiver, true).await), ErrorClass::Tls);
    assert_eq!(send(&egress, &receiver, false).await, Ok(200));
    // The lax webhook's open connection does not serve the strict one.
    assert_eq!(class(send(&egress, &receiver, true).await), ErrorClass::Tls);
}

#[tokio::test]
async fn r11_wrong_names_and_expired_certificates_are_refused() {
    let wrong = certificate("hooks.example.com", |_| {});
    let expired = certificate("127.0.0.1", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    for certified in [wrong, expired] {
        let receiver = receiver(&certified, false).await;
        let egress = trusting(certified.cert.der());
        assert_eq!(class(send(&egress, &receiver, true).await), ErrorClass::Tls);
        assert_eq!(send(&egress, &receiver, false).await, Ok(200));
    }
}

#[tokio::test]
async fn r11_a_receiver_that_asks_for_our_certificate_gets_none() {
    let certified = certificate("127.0.0.1", |_| {});
    let receiver = receiver(&certified, true).await;
    let egress = trusting(certified.cert.der());
    assert_eq!(class(send(&egress, &receiver, true).await), ErrorClass::Tls);
}

#[tokio::test]
async fn r11_what_is_not_tls_is_a_tls_failure() {
    let receiver = Receiver::start(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 400 plain text\r\n\r\n").await.unwrap();
        crate::receiver::drain(&mut stream).await;
    })
    .await;
    let egress = Egress::new(Options::new(loopback())).unwrap();
    for verify_cert in [true, false] {
        assert_eq!(class(send(&egress, &receiver, verify_cert).await), ErrorClass::Tls);
    }
}

#[tokio::test]
async fn r06_under_tls_a_receiver_that_never_reads_ends_at_the_deadline() {
    let certified = certificate("127.0.0.1", |_| {});
    let acceptor = TlsAcceptor::from(Arc::new(server(&certified, false)));
    let receiver = Receiver::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let _stream = acceptor.accept(stream).await.unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let body = vec![b'x'; 64 << 20].into();
    let delivery = Delivery { body, deadline: SHORT.max(PATIENCE / 30), verify_cert: true };
    let url = format!("https://{}/", receiver.address);
    let error = delivery.send_to(&trusting(certified.cert.der()), &url).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Timeout);
}
