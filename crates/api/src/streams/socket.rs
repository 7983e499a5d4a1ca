//! Mist's channels over a WebSocket.
//!
//! A connection is one task: it reads a request, answers it, and sends what its feeds push. While
//! it sends it reads nothing, so whoever floods it waits for its own answers. Frames are
//! tungstenite's to check; what is too large, in the wrong order, unmasked or no UTF-8 ends the
//! connection.

use super::channel::{Channel, What};
use super::feed::{Entered, FeedKey, Outbox, Push};
use super::seats::Seat;
use crate::Api;
use crate::caller::Standing;
use crate::error::Error;
use crate::live::Ask;
use crate::rows;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use foghorn_catalog::{Kind, Right, Scope};
use foghorn_model::{SiteId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// Channels of one connection, as Mist has it.
const CHANNELS_MAX: usize = 2000;
/// Bytes of a message of a client: the name of a channel is far shorter.
const MESSAGE_BYTES_MAX: usize = 4096;
/// How often a connection is pinged, and the session behind it is looked at again.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long nothing may be heard of a client.
const SILENCE_MAX: Duration = Duration::from_secs(95);
/// How long a message may take to be taken.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a client may take to answer a close.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(2);
/// How often `/test` counts.
const TEST_EVERY: Duration = Duration::from_secs(1);

/// Codes of RFC 6455.
const GOING_AWAY: u16 = 1001;
const UNSUPPORTED: u16 = 1003;
const POLICY: u16 = 1008;

/// What a client asks for.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Asked {
    Subscribe(String),
    Unsubscribe(String),
}

/// Takes a connection over.
pub(crate) fn open(
    api: Api,
    standing: Standing,
    seat: Seat,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX).on_upgrade(
        move |socket| async move {
            let (outbox, pushes) = Outbox::new();
            let connection = Connection {
                access: api.streams.access.subscribe(),
                api,
                standing,
                socket,
                outbox,
                subscriptions: BTreeMap::new(),
                last_id: 0,
                tests: 0,
            };
            connection.run(pushes).await;
            drop(seat);
        },
    )
}

/// Why a connection ends.
enum End {
    /// The client is gone.
    Gone,
    /// It is told why.
    Closed(u16, &'static str),
}

struct Subscription {
    channel: Channel,
    /// What is read from the feed, if the channel has one.
    feed: Option<(u64, FeedKey, Entered)>,
    /// The record of each site at which it was read as a whole: what is pushed of an earlier one
    /// has been sent.
    read_at: BTreeMap<Option<SiteId>, u64>,
}

struct Connection {
    api: Api,
    standing: Standing,
    socket: WebSocket,
    outbox: Arc<Outbox>,
    /// By the name that the client gave.
    subscriptions: BTreeMap<String, Subscription>,
    access: watch::Receiver<()>,
    last_id: u64,
    tests: u64,
}

impl Connection {
    async fn run(mut self, mut pushes: mpsc::Receiver<Push>) {
        if let End::Closed(code, reason) = self.serve(&mut pushes).await {
            let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
            // Who does not take it is cut all the same.
            drop(timeout(SEND_TIME_MAX, self.socket.send(close)).await);
        }
        // Either side answers the close of the other before the connection is let go.
        let answered = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        drop(timeout(CLOSE_TIME_MAX, answered).await);
    }

    async fn serve(&mut self, pushes: &mut mpsc::Receiver<Push>) -> End {
        let api = self.api.clone();
        let mut ending = api.streams.ending.subscribe();
        let outbox = Arc::clone(&self.outbox);
        let mut heard = Instant::now();
        let mut pings = interval(PING_EVERY);
        let mut tests = interval(TEST_EVERY);
        tests.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_tested = self.subscriptions.values().any(|it| it.channel == Channel::Test);
            let done = tokio::select! {
                // What ends a connection comes before what it carries.
                biased;
                () = super::ended(&mut ending) => {
                    Err(End::Closed(GOING_AWAY, "the server is stopping"))
                }
                () = outbox.overrun.notified() => {
                    Err(End::Closed(POLICY, "too slow: come again"))
                }
                told = self.access.changed() => match told {
                    Ok(()) => self.check().await,
                    Err(_) => Err(End::Gone),
                },
                message = self.socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(message)) => self.heard(message).await,
                        Some(Err(_)) | None => Err(End::Gone),
                    }
                }
                push = pushes.recv() => match push {
                    Some(push) => self.pass_on(&push).await,
                    None => Err(End::Gone),
                },
                _ = pings.tick() => {
                    if heard.elapsed() > SILENCE_MAX {
                        Err(End::Closed(POLICY, "nothing was heard"))
                    } else {
                        // A session ends by itself.
                        match self.check().await {
                            Ok(()) => self.send(Message::Ping(Vec::new().into())).await,
                            ended => ended,
                        }
                    }
                }
                _ = tests.tick(), if is_tested => self.test().await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Asks again who it is and what it may see, since that may have changed.
    async fn check(&mut self) -> Result<(), End> {
        if self.standing.renew().await.is_err() {
            return Err(End::Closed(POLICY, "not allowed any more"));
        }
        let lost = self.subscriptions.iter().filter(|(_, it)| self.scope(it.channel).is_err());
        let lost: Vec<String> = lost.map(|(name, _)| name.clone()).collect();
        for name in lost {
            self.subscriptions.remove(&name);
            let event = json!({
                "event": "channel_unsubscribed", "channel": name, "detail": "permission denied",
            });
            self.tell(&event).await?;
        }
        Ok(())
    }

    /// The scope of a channel, if the client may see it.
    fn scope(&self, channel: Channel) -> Result<Option<Scope>, Error> {
        let caller = &self.standing.caller;
        match channel {
            Channel::Test => Ok(None),
            Channel::Of(level, id, _) => level.scope(caller, id, Right::Read).map(Some),
            Channel::OnMap { site, .. } => caller.site(SiteId(site), Right::Read).map(Some),
        }
    }

    async fn heard(&mut self, message: Message) -> Result<(), End> {
        let text = match message {
            Message::Text(text) => text,
            // Pongs are sent by the protocol.
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) => return Err(End::Closed(UNSUPPORTED, "not a text")),
            Message::Close(_) => return Err(End::Gone),
        };
        match serde_json::from_str(&text) {
            Ok(Asked::Subscribe(name)) => self.subscribe(name).await,
            Ok(Asked::Unsubscribe(name)) => {
                self.subscriptions.remove(&name);
                self.tell(&json!({ "event": "channel_unsubscribed", "channel": name })).await
            }
            Err(error) => {
                let detail = format!("JSON parse error - {error}");
                self.tell(&json!({ "event": "error", "detail": detail })).await
            }
        }
    }

    async fn subscribe(&mut self, name: String) -> Result<(), End> {
        let subscribed = json!({ "event": "channel_subscribed", "channel": name });
        if self.subscriptions.contains_key(&name) {
            return self.tell(&subscribed).await;
        }
        match self.enter(&name).await {
            Ok(subscription) => {
                self.subscriptions.insert(name.clone(), subscription);
                self.tell(&subscribed).await?;
                self.send_all(&name).await
            }
            Err(detail) => {
                let failed =
                    json!({ "event": "subscribe_failed", "channel": name, "detail": detail });
                self.tell(&failed).await
            }
        }
    }

    /// Begins a subscription, or says why not. What is foreign and what is not there are refused
    /// alike.
    async fn enter(&mut self, name: &str) -> Result<Subscription, &'static str> {
        const DENIED: &str = "permission denied";
        if self.subscriptions.len() >= CHANNELS_MAX {
            return Err("too many channels");
        }
        let channel = Channel::named(name).ok_or("no such channel")?;
        let scope = self.scope(channel).map_err(|_| DENIED)?;
        let mut feed = None;
        match (channel, scope) {
            (Channel::Of(_, _, what), Some(scope)) => {
                let key: FeedKey = (scope.org, scope.site, what);
                self.last_id += 1;
                let feeds = &self.api.streams.feeds;
                let entered = feeds.enter(&self.api, key, self.last_id, &self.outbox).await;
                feed = Some((self.last_id, key, entered));
            }
            (Channel::OnMap { map, .. }, Some(scope)) => {
                let found = self.api.blocking(move |catalog| catalog.get(Kind::Map, scope, map));
                found.await.map_err(|_| DENIED)?;
            }
            _ => {}
        }
        Ok(Subscription { channel, feed, read_at: BTreeMap::new() })
    }

    /// Sends everything that a channel carries, as it is now.
    async fn send_all(&mut self, name: &str) -> Result<(), End> {
        let Some(Subscription { feed: Some((_, key, _)), .. }) = self.subscriptions.get(name)
        else {
            return Ok(());
        };
        let (org, site, what) = *key;
        let scope = Scope { org, site };
        let sent = match what {
            What::Clients => self.send_clients(name, scope).await,
            What::Devices => self.send_devices(name, scope).await,
            What::Edges => self.send_edges(name, scope).await,
            What::DeviceObjects | What::EdgeObjects => self.send_objects(name, scope, what).await,
        };
        match sent {
            Ok(()) => Ok(()),
            Err(Unsent::End(end)) => Err(end),
            // A partition that recovers, most likely: the client asks again.
            Err(Unsent::Unread(error)) => {
                self.subscriptions.remove(name);
                let event = json!({
                    "event": "channel_unsubscribed", "channel": name, "detail": error.to_string(),
                });
                self.tell(&event).await
            }
        }
    }

    async fn send_objects(&mut self, name: &str, scope: Scope, what: What) -> Result<(), Unsent> {
        let Some(kind) = what.kind() else { return Ok(()) };
        self.has_read(name, None, self.api.catalog.last_seq());
        for document in self.api.all(kind, scope).await? {
            self.data(name, document.to_json(false).to_string()).await?;
        }
        Ok(())
    }

    async fn send_devices(&mut self, name: &str, scope: Scope) -> Result<(), Unsent> {
        self.has_read(name, None, self.api.catalog.last_seq());
        let documents = self.api.all(Kind::Device, scope).await?;
        let now = self.api.backend.now();
        for scope in self.api.sites(scope) {
            let Some(site) = scope.site else { continue };
            let live = self.api.live(site, Ask::Devices).await?;
            self.has_read(name, Some(site), live.record);
            for document in documents.iter().filter(|it| it.site_id == Some(site)) {
                let mac = document.text("mac").parse().ok();
                let device = mac.and_then(|mac| live.devices.get(&mac));
                self.data(name, rows::device(document, device, now).to_string()).await?;
            }
        }
        Ok(())
    }

    async fn send_edges(&mut self, name: &str, scope: Scope) -> Result<(), Unsent> {
        self.has_read(name, None, self.api.catalog.last_seq());
        let documents = self.api.all(Kind::MxEdge, scope).await?;
        for document in documents.iter().filter(|it| it.site_id.is_none()) {
            self.data(name, rows::edge(document, None).to_string()).await?;
        }
        for scope in self.api.sites(scope) {
            let Some(site) = scope.site else { continue };
            let live = self.api.live(site, Ask::Edges).await?;
            self.has_read(name, Some(site), live.record);
            for document in documents.iter().filter(|it| it.site_id == Some(site)) {
                let mac = document.text("mac").parse().ok();
                let edge = mac.and_then(|mac| live.edges.get(&mac));
                self.data(name, rows::edge(document, edge).to_string()).await?;
            }
        }
        Ok(())
    }

    async fn send_clients(&mut self, name: &str, scope: Scope) -> Result<(), Unsent> {
        const A_PAGE: usize = 500;
        let now = self.api.backend.now();
        for scope in self.api.sites(scope) {
            let Some(site) = scope.site else { continue };
            let mut after = None;
            loop {
                let ask = Ask::Clients { after, since: Timestamp(0), rows: A_PAGE };
                let live = self.api.live(site, ask).await?;
                if after.is_none() {
                    self.has_read(name, Some(site), live.record);
                }
                for client in &live.clients {
                    self.data(name, rows::client(scope, client, now).to_string()).await?;
                }
                after = live.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn has_read(&mut self, name: &str, site: Option<SiteId>, at: u64) {
        if let Some(subscription) = self.subscriptions.get_mut(name) {
            subscription.read_at.insert(site, at);
        }
    }

    async fn pass_on(&mut self, push: &Push) -> Result<(), End> {
        let is_it = |(_, it): &(&String, &Subscription)| {
            it.feed.as_ref().is_some_and(|(id, ..)| *id == push.id)
        };
        let Some((name, subscription)) = self.subscriptions.iter().find(is_it) else {
            return Ok(());
        };
        if subscription.read_at.get(&push.site).is_some_and(|read_at| push.at <= *read_at) {
            return Ok(());
        }
        let name = name.clone();
        for row in push.rows.iter() {
            self.data(&name, row.clone()).await?;
        }
        Ok(())
    }

    async fn test(&mut self) -> Result<(), End> {
        self.tests += 1;
        let names = self.subscriptions.iter().filter(|(_, it)| it.channel == Channel::Test);
        let names: Vec<String> = names.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.data(&name, self.tests.to_string()).await?;
        }
        Ok(())
    }

    /// A row of a channel: on Mist's wire it is JSON in a text.
    async fn data(&mut self, channel: &str, row: String) -> Result<(), End> {
        if self.access.has_changed().map_err(|_| End::Gone)? {
            self.access.mark_unchanged();
            self.check().await?;
        }
        if !self.subscriptions.contains_key(channel) {
            return Ok(());
        }
        self.tell(&json!({ "event": "data", "channel": channel, "data": row })).await
    }

    async fn tell(&mut self, event: &Value) -> Result<(), End> {
        self.send(Message::Text(event.to_string().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(SEND_TIME_MAX, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

/// Why not all of a channel was sent.
enum Unsent {
    End(End),
    Unread(Error),
}

impl From<End> for Unsent {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Self {
        Self::Unread(error)
    }
}
