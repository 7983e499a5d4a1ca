//! A REST client, as small as the demo and `foghorn trigger` need it.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// Speaks to the API with a token.
#[derive(Clone)]
pub struct Client {
    pub api: SocketAddr,
    pub token: String,
}

impl Client {
    /// Sends a request and reads its JSON; an answer other than 200 is an error with its detail.
    pub async fn send(&self, method: Method, path: &str, body: String) -> Result<Value> {
        let stream = TcpStream::connect(self.api).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("host", self.api.to_string())
            .header("authorization", format!("Token {}", self.token))
            .body(Full::new(Bytes::from(body)))?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&body));
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).with_context(|| path.to_owned())
    }
}
