//! The dispatcher's thread: lanes, sockets and timers on one single-threaded runtime.
//!
//! One thread, so that an answer reaches its lane without a lock or a second wake-up; sending is
//! bound by system calls, and a second core serves the shards better. Blocks come in over a
//! channel that is bounded by bytes: beyond the bound only the news of them comes in, and the
//! lanes read the log.

use crate::egress::Egress;
use crate::index::Index;
use crate::lanes::{Attempt, EventSource, Flush, KnownHealth, Lanes, Report};
use crate::publisher::{OpenBatches, Publisher};
use crate::sender::Sender;
use bytes::Bytes;
use foghorn_model::record::WebhookHealth;
use foghorn_model::{Partition, Timestamp, TopicClass, WebhookId};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;

/// Bytes of blocks that may wait for the dispatcher.
const QUEUED_BYTES_MAX: usize = 64 << 20;
/// Messages taken in before lanes are polled again.
const INPUTS_PER_TURN: usize = 1024;

/// Folded records of a partition with their events.
#[derive(Debug, Clone)]
pub struct Folded {
    /// The partition.
    pub partition: Partition,
    /// The first record.
    pub first: u64,
    /// The last record.
    pub last: u64,
    /// Events of record topics.
    pub record: Bytes,
    /// Events of stream topics.
    pub stream: Bytes,
}

/// Writes what the lanes leave behind. Called on another thread, one flush at a time.
pub trait FlushSink: Send {
    /// Writes all of it in one transaction. Tries until it succeeds: what is not written must
    /// not be forgotten.
    fn write(&mut self, flush: Flush);
}

enum Input {
    Folded(Vec<Folded>, usize),
    Behind(Vec<(Partition, u64, u64)>),
    Index(Arc<Index>),
    Reset(WebhookId),
    Report(Report),
    Flushed,
    Needs(oneshot::Sender<Needs>),
    Health(KnownHealth, oneshot::Sender<Vec<WebhookHealth>>),
    Stop,
}

/// What lanes still need, and how they fare.
#[derive(Debug, Clone)]
pub struct Needs {
    /// The first record still needed, by class (record, stream) and partition.
    pub first: [Vec<u64>; 2],
    /// Lanes, lanes behind, events waiting in memory.
    pub load: (usize, usize, usize),
    /// Requests in flight.
    pub in_flight: usize,
    /// Webhooks whose endpoints refuse everything, and since when.
    pub paused: Vec<(WebhookId, Timestamp)>,
    /// Whether everything that could be delivered is.
    pub is_idle: bool,
}

/// Speaks to the dispatcher from any thread.
#[derive(Clone)]
pub struct Dispatcher {
    inputs: mpsc::UnboundedSender<Input>,
    queued: Arc<AtomicUsize>,
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher").field("queued", &self.queued).finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// Tells of folded records, whose events are in the logs.
    pub fn folded(&self, blocks: Vec<Folded>) {
        let bytes = blocks.iter().map(|block| block.record.len() + block.stream.len()).sum();
        if self.queued.fetch_add(bytes, Ordering::Relaxed) + bytes > QUEUED_BYTES_MAX {
            self.queued.fetch_sub(bytes, Ordering::Relaxed);
            let news = blocks.iter().map(|it| (it.partition, it.first, it.last)).collect();
            self.tell(Input::Behind(news));
        } else {
            self.tell(Input::Folded(blocks, bytes));
        }
    }

    /// Tells that a partition is folded through this record, and that its events are in the log.
    pub fn folded_in_log(&self, partition: Partition, last: u64) {
        self.tell(Input::Behind(vec![(partition, last, last)]));
    }

    /// Swaps the index. Once this returns, every record accepted later is routed by it.
    pub fn set_index(&self, index: Arc<Index>) {
        self.tell(Input::Index(index));
    }

    /// Forgives a webhook's past failures: its configuration changed.
    pub fn reset(&self, webhook: WebhookId) {
        self.tell(Input::Reset(webhook));
    }

    /// What lanes still need; `None` when the dispatcher has stopped.
    pub async fn needs(&self) -> Option<Needs> {
        let (reply, needs) = oneshot::channel();
        self.tell(Input::Needs(reply));
        needs.await.ok()
    }

    /// [`Dispatcher::needs`] for a thread without a runtime.
    pub fn needs_blocking(&self) -> Option<Needs> {
        let (reply, needs) = oneshot::channel();
        self.tell(Input::Needs(reply));
        needs.blocking_recv().ok()
    }

    /// What the folds are to be told of how webhooks fare, given what they hold; for a thread
    /// without a runtime. `None` when the dispatcher has stopped.
    pub fn health_blocking(&self, known: KnownHealth) -> Option<Vec<WebhookHealth>> {
        let (reply, health) = oneshot::channel();
        self.tell(Input::Health(known, reply));
        health.blocking_recv().ok()
    }

    /// Starts no attempt any more, waits for those under way, flushes, and ends.
    pub fn stop(&self) {
        self.tell(Input::Stop);
    }

    fn tell(&self, input: Input) {
        if self.inputs.send(input).is_err() {
            tracing::debug!("the dispatcher has stopped");
        }
    }
}

/// The dispatcher before it runs.
pub struct Driver {
    publisher: Publisher,
    sender: Arc<Sender>,
    source: Box<dyn EventSource + Send>,
    sink: Box<dyn FlushSink>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    inputs: mpsc::UnboundedReceiver<Input>,
    handle: Dispatcher,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("publisher", &self.publisher).finish_non_exhaustive()
    }
}

impl Driver {
    /// A dispatcher over these lanes.
    pub fn new(
        lanes: Lanes,
        egress: Arc<Egress>,
        source: Box<dyn EventSource + Send>,
        opened: Box<dyn OpenBatches>,
        sink: Box<dyn FlushSink>,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> (Self, Dispatcher) {
        let (sender, inputs) = mpsc::unbounded_channel();
        let handle = Dispatcher { inputs: sender, queued: Arc::new(AtomicUsize::new(0)) };
        let publisher = Publisher::new(lanes, opened);
        let sends = Arc::new(Sender::new(egress, Arc::clone(&clock)));
        let driver =
            Self { publisher, sender: sends, source, sink, clock, inputs, handle: handle.clone() };
        (driver, handle)
    }

    /// Runs until [`Dispatcher::stop`], on the calling thread.
    ///
    /// # Errors
    /// If the open-batch file or an event log fails: delivery cannot go on.
    pub fn run(self) -> Result<(), DriverError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, self.run_local())
    }

    async fn run_local(self) -> Result<(), DriverError> {
        let Self { publisher, sender, source, sink, clock, inputs, handle } = self;
        let (flushes, flusher) = flusher(sink, handle.clone());
        let mut turn = Turn {
            publisher,
            sender,
            source,
            clock,
            inputs,
            handle,
            flushes,
            stopping: false,
            attempts: Vec::new(),
        };
        let end = turn.run().await;
        drop(turn);
        if flusher.join().is_err() {
            tracing::error!("the thread that writes cursors failed");
        }
        end
    }
}

/// Why the dispatcher ended.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The runtime could not be made.
    #[error("dispatcher: {0}")]
    Runtime(#[from] std::io::Error),
    /// The open-batch file cannot be written.
    #[error("open batches: {0}")]
    Opened(#[source] std::io::Error),
}

type Flushes = std::sync::mpsc::Sender<Flush>;

/// SQLite waits for the disk at times; a thread of its own keeps that away from the lanes.
fn flusher(
    mut sink: Box<dyn FlushSink>,
    handle: Dispatcher,
) -> (Flushes, std::thread::JoinHandle<()>) {
    let (sender, receiver) = std::sync::mpsc::channel::<Flush>();
    let thread = std::thread::spawn(move || {
        while let Ok(flush) = receiver.recv() {
            sink.write(flush);
            handle.tell(Input::Flushed);
        }
    });
    (sender, thread)
}

struct Turn {
    publisher: Publisher,
    sender: Arc<Sender>,
    source: Box<dyn EventSource + Send>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    inputs: mpsc::UnboundedReceiver<Input>,
    handle: Dispatcher,
    flushes: Flushes,
    stopping: bool,
    attempts: Vec<Attempt>,
}

impl Turn {
    async fn run(&mut self) -> Result<(), DriverError> {
        let mut reading = true;
        loop {
            if !reading {
                self.wait().await;
            }
            for _ in 0..INPUTS_PER_TURN {
                let Ok(input) = self.inputs.try_recv() else { break };
                self.take(input);
            }
            let now = (self.clock)();
            if !self.stopping {
                self.begin(now)?;
            }
            reading = !self.stopping && self.read(now);
            self.flush(now)?;
            if self.stopping
                && self.publisher.lanes().in_flight() == 0
                && !self.publisher.is_flushing()
            {
                return self.finish();
            }
            // Attempts and connections run on this thread too.
            tokio::task::yield_now().await;
        }
    }

    async fn wait(&mut self) {
        if !self.stopping && self.publisher.lanes().has_ready() {
            return;
        }
        let now = (self.clock)();
        let due = self.publisher.next_deadline().since(now);
        let wait = Duration::from_micros(u64::try_from(due.0).unwrap_or(0));
        tokio::select! {
            biased;
            input = self.inputs.recv() => {
                if let Some(input) = input {
                    self.take(input);
                }
            }
            () = tokio::time::sleep(wait) => {}
        }
    }

    fn take(&mut self, input: Input) {
        let lanes = self.publisher.lanes_mut();
        match input {
            Input::Folded(blocks, bytes) => {
                self.handle.queued.fetch_sub(bytes, Ordering::Relaxed);
                for it in blocks {
                    let (first, last) = (it.first, it.last);
                    lanes.live(TopicClass::Record, it.partition, first, last, Some(it.record));
                    lanes.live(TopicClass::Stream, it.partition, first, last, Some(it.stream));
                }
            }
            Input::Behind(news) => {
                for (partition, first, last) in news {
                    lanes.live(TopicClass::Record, partition, first, last, None);
                    lanes.live(TopicClass::Stream, partition, first, last, None);
                }
            }
            Input::Index(index) => {
                self.sender.configured(&index);
                lanes.set_index(index, (self.clock)());
            }
            Input::Reset(webhook) => lanes.reset(webhook),
            Input::Report(report) => lanes.settle(&report, (self.clock)()),
            Input::Flushed => self.publisher.flushed(),
            Input::Needs(reply) => {
                // Whoever asked may have gone away since.
                drop(reply.send(self.needs()));
            }
            Input::Health(known, reply) => drop(reply.send(lanes.health(&known, (self.clock)()))),
            Input::Stop => self.stopping = true,
        }
    }

    fn needs(&self) -> Needs {
        let lanes = self.publisher.lanes();
        let of = |class| Partition::all().map(|it| lanes.needs(class, it)).collect();
        Needs {
            first: [of(TopicClass::Record), of(TopicClass::Stream)],
            load: lanes.load(),
            in_flight: lanes.in_flight(),
            paused: lanes.paused().collect(),
            is_idle: lanes.is_idle(),
        }
    }

    /// Writes down the batches that opened, then begins the attempts.
    fn begin(&mut self, now: Timestamp) -> Result<(), DriverError> {
        self.publisher.begin(now, &mut self.attempts).map_err(DriverError::Opened)?;
        for attempt in self.attempts.drain(..) {
            let sender = Arc::clone(&self.sender);
            let handle = self.handle.clone();
            let at = now;
            let phase = tracing::trace_span!(target: "foghorn::phase", "attempt");
            let attempt = async move {
                let report = sender.send(attempt, at).await;
                handle.tell(Input::Report(report));
            };
            tokio::task::spawn_local(attempt.instrument(phase));
        }
        Ok(())
    }

    /// One bounded piece of reading; whether there may be more.
    fn read(&mut self, now: Timestamp) -> bool {
        match self.publisher.read(&*self.source, now) {
            Ok(more) => more,
            Err(error) => {
                tracing::error!(%error, "lanes that are behind cannot go on");
                false
            }
        }
    }

    fn flush(&mut self, now: Timestamp) -> Result<(), DriverError> {
        let flush = self.publisher.flush(now, self.stopping).map_err(DriverError::Opened)?;
        if let Some(flush) = flush
            && self.flushes.send(flush).is_err()
        {
            tracing::error!("the thread that writes cursors has ended");
            self.publisher.flushed();
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), DriverError> {
        let flush = self.publisher.lanes_mut().take_flush();
        if !flush.is_empty() && self.flushes.send(flush).is_err() {
            tracing::error!("the last cursors could not be written");
        }
        Ok(())
    }
}
