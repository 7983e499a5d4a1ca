//! One connection to a receiver, driven by the attempt that uses it.
//!
//! hyper gives a connection as two halves, a sender and a driver, and its pooling client runs the
//! driver as a task of its own. Such a task goes on writing a body long after the attempt has
//! given up, for as long as a slow reader pleases. Here the attempt itself drives: whoever drops
//! the attempt drops the socket, and no task is spawned nor woken per request. The price is that
//! nobody watches a connection that is kept: [`Connection::is_usable`] looks before it is used.

use super::HEAD_BYTES_MAX;
use super::stream::Stream;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

type Driver = http1::Connection<TokioIo<Stream>, Full<Bytes>>;

pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// `None` when it has ended.
    driver: Option<Driver>,
}

/// Why a request got no answer.
pub(super) enum Lost {
    /// No byte of it was written: it may be sent again. Boxed, for it is rare and large.
    Unsent(Box<Request<Full<Bytes>>>, hyper::Error),
    /// The receiver may have it.
    Failed(hyper::Error),
}

impl Connection {
    pub(super) async fn open(stream: Stream) -> Result<Self, hyper::Error> {
        let (sender, driver) = http1::Builder::new()
            .title_case_headers(true)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_header_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Self { sender, driver: Some(driver) })
    }

    /// Whether the last exchange is over and the receiver has neither closed nor said anything
    /// unasked.
    pub(super) fn is_usable(&mut self) -> bool {
        turn(&mut self.driver, &mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Lost> {
        let answer = self.sender.try_send_request(request);
        drive(&mut self.driver, answer).await.map_err(|mut error| match error.take_message() {
            Some(request) => Lost::Unsent(Box::new(request), error.into_error()),
            None => Lost::Failed(error.into_error()),
        })
    }

    /// Waits for something that only comes while the connection is driven.
    pub(super) async fn driving<F: Future>(&mut self, wanted: F) -> F::Output {
        drive(&mut self.driver, wanted).await
    }
}

async fn drive<F: Future>(driver: &mut Option<Driver>, wanted: F) -> F::Output {
    let mut wanted = pin!(wanted);
    poll_fn(|cx| {
        turn(driver, cx);
        wanted.as_mut().poll(cx)
    })
    .await
}

/// A driver that ends tells the waiting request why, so its own result says nothing new.
fn turn(driver: &mut Option<Driver>, cx: &mut Context<'_>) {
    let ended = driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(cx).is_ready());
    if ended {
        *driver = None;
    }
}
