//! Events as they are derived, as server-sent events.
//!
//! They are read from the event log, where they stand before anybody is told of them; so a stream
//! misses none, holds one piece of the log in memory however slow its reader is, and goes on from
//! where it was after either side was away. What retention has removed meanwhile is told by an
//! event `gap`.
//!
//! A stream reads the partitions in which its events can be: those of its sites, and the home of
//! the org for audits. A site that is made later brings its partition in from where it was when
//! nothing of the org was in it.

use super::cursor::{Cursor, Position};
use super::seats::Seat;
use crate::Api;
use crate::caller::Standing;
use crate::error::Error;
use crate::live::LoggedEvent;
use crate::resources::Level;
use crate::search::field;
use axum::body::Body;
use bytes::Bytes;
use foghorn_catalog::{Right, Scope};
use foghorn_ingest::journal::Refused;
use foghorn_model::{Partition, Topic, TopicSet};
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

/// How often a stream says that it is there when nothing happens.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// How long a stream waits for more to come before it reads: it reads less often then.
const GATHER: Duration = Duration::from_millis(20);
/// When it tries again to read what could not be read.
const RETRY: Duration = Duration::from_secs(1);
/// Pieces that wait for the connection.
const WAITING_MAX: usize = 2;
/// When a client is to come again while a partition recovers.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// What a client is told at first: when to come again, in milliseconds.
const OPENING: &str = "retry: 2000\n\n";

/// What a stream is of.
pub(crate) struct Followed {
    level: Level,
    owner: Uuid,
    scope: Scope,
    topics: TopicSet,
}

impl Followed {
    /// What is asked for, if the client may see it. No topics are all of them.
    pub(crate) fn new(
        standing: &Standing,
        level: Level,
        owner: Uuid,
        topics: Option<&str>,
    ) -> Result<Self, Error> {
        let scope = level.scope(&standing.caller, owner, Right::Read)?;
        let names = topics.unwrap_or_default().split(',').map(str::trim);
        let names = names.filter(|name| !name.is_empty());
        let mut wanted = TopicSet::default();
        for name in names {
            let topic: Option<Topic> = name.parse().ok();
            // Pings are for one webhook.
            let topic = topic.filter(|topic| !topic.row().internal);
            wanted.insert(topic.ok_or_else(|| field("topics", format!("no topic: {name}")))?);
        }
        if wanted == TopicSet::default() {
            let all =
                foghorn_model::topic::TOPICS.iter().filter(|row| !row.internal && !row.is_private);
            all.for_each(|row| wanted.insert(row.topic));
        }
        Ok(Self { level, owner, scope, topics: wanted })
    }

    fn takes(&self, event: &LoggedEvent) -> bool {
        let entry = &event.entry;
        self.topics.contains(entry.topic)
            && entry.target.is_none()
            && entry.org == self.scope.org
            && (self.scope.site.is_none() || entry.site == self.scope.site)
    }

    /// The partitions in which its events can be.
    fn concerned(&self, api: &Api) -> Vec<Partition> {
        let mut concerned: BTreeSet<u8> = BTreeSet::new();
        if self.topics.contains(Topic::Audits) {
            concerned.insert(Partition::of_org(self.scope.org).0);
        }
        match self.scope.site {
            Some(site) => drop(concerned.insert(Partition::of_site(site).0)),
            None => {
                let sites = api.sites(self.scope);
                let sites = sites.iter().filter_map(|scope| scope.site);
                concerned.extend(sites.map(|site| Partition::of_site(site).0));
            }
        }
        concerned.into_iter().map(Partition).collect()
    }
}

/// Begins a stream after the event with this id, or with what happens from now on.
pub(crate) fn open(
    api: Api,
    standing: Standing,
    seat: Seat,
    followed: Followed,
    last_id: Option<&str>,
) -> Result<Body, Error> {
    let cursor = match last_id {
        Some(id) => {
            let reason = "not the id of an event of such a stream";
            Cursor::read(id).ok_or_else(|| field("Last-Event-ID", reason))?
        }
        None => from_now_on(&api, &followed)?,
    };
    let (sender, body) = Channel::<Bytes, Infallible>::new(WAITING_MAX);
    let (access, ending) = (api.streams.access.subscribe(), api.streams.ending.subscribe());
    let concerned = (0, Vec::new());
    let follower = Follower { api, standing, followed, cursor, concerned, sender, access, ending };
    tokio::spawn(async move {
        if follower.run().await.is_err() {
            tracing::debug!("a stream of events ended");
        }
    });
    // The seat is free when the connection has let go of the answer.
    Ok(Body::new(body.map_frame(move |frame| {
        let _held = &seat;
        frame
    })))
}

/// Where every partition is. What is not recovered is nowhere yet.
fn from_now_on(api: &Api, followed: &Followed) -> Result<Cursor, Error> {
    let pulse = api.backend.pulse();
    if !followed.concerned(api).into_iter().all(|it| pulse.is_recovered(it)) {
        return Err(Refused::Busy { retry_after: RETRY_AFTER }.into());
    }
    let at = |partition: Partition| (partition.0, Position::Record(pulse.last(partition)));
    Ok(Cursor(Partition::all().map(at).collect()))
}

/// The client is gone, or has to go.
struct Gone;

struct Follower {
    api: Api,
    standing: Standing,
    followed: Followed,
    cursor: Cursor,
    /// The partitions that it reads, as of a change of the catalog.
    concerned: (u64, Vec<Partition>),
    sender: Sender<Bytes, Infallible>,
    access: watch::Receiver<()>,
    ending: watch::Receiver<bool>,
}

impl Follower {
    async fn run(mut self) -> Result<(), Gone> {
        let mut pulse = self.api.backend.pulse().watch();
        let mut comment_at = Instant::now() + COMMENT_EVERY;
        // What changed before this began to listen.
        self.check().await?;
        self.send(OPENING.into()).await?;
        loop {
            if self.read_on().await? {
                comment_at = Instant::now() + COMMENT_EVERY;
            }
            tokio::select! {
                biased;
                () = super::ended(&mut self.ending) => return Ok(()),
                told = self.access.changed() => {
                    told.map_err(|_| Gone)?;
                    self.check().await?;
                }
                told = pulse.changed() => {
                    told.map_err(|_| Gone)?;
                    sleep(GATHER).await;
                }
                () = sleep_until(comment_at) => {
                    comment_at = Instant::now() + COMMENT_EVERY;
                    // A session ends by itself.
                    self.check().await?;
                    self.send(":\n\n".into()).await?;
                }
            }
        }
    }

    /// Asks again whether the client may see what it follows.
    async fn check(&mut self) -> Result<(), Gone> {
        self.standing.renew().await.map_err(|_| Gone)?;
        let Followed { level, owner, .. } = self.followed;
        level.scope(&self.standing.caller, owner, Right::Read).map(drop).map_err(|_| Gone)
    }

    /// Sends what has come since; whether anything has.
    async fn read_on(&mut self) -> Result<bool, Gone> {
        let pulse = self.api.backend.pulse();
        // Before the sites are looked at: the records of one that is not there yet come later.
        let last: Vec<u64> = Partition::all().map(|it| pulse.last(it)).collect();
        let seq = self.api.catalog.last_seq();
        if self.concerned.0 != seq {
            self.concerned = (seq, self.followed.concerned(&self.api));
        }
        let concerned = self.concerned.1.clone();
        for partition in Partition::all() {
            let last = last[partition.index()];
            if concerned.contains(&partition) {
                // A partition that the id does not name had nothing of the org in it.
                self.cursor.0.entry(partition.0).or_insert(Position::Record(0));
            } else if last > 0 {
                self.cursor.0.insert(partition.0, Position::Record(last));
            }
        }
        let mut any = false;
        for partition in &concerned {
            any |= self.read(*partition, last[partition.index()], &concerned).await?;
        }
        Ok(any)
    }

    /// Sends what one partition has up to this record.
    async fn read(
        &mut self,
        partition: Partition,
        upto: u64,
        concerned: &[Partition],
    ) -> Result<bool, Gone> {
        let mut any = false;
        loop {
            let position = self.cursor.0[&partition.0];
            let from = position.next_record();
            let is_done = match position {
                Position::Record(record) => record >= upto,
                Position::Event(key) => key.record > upto,
            };
            if is_done {
                return Ok(any);
            }
            if self.access.has_changed().map_err(|_| Gone)? {
                self.access.mark_unchanged();
                self.check().await?;
            }
            let Ok(piece) = self.api.backend.events(partition, from, upto).await else {
                sleep(RETRY).await;
                return Ok(any);
            };
            let mut text = String::new();
            if piece.removed_before > from {
                let before = piece.removed_before;
                text.push_str(&format!(
                    "event: gap\ndata: {{\"partition\":{},\"first\":{from},\"before\":{before}}}\n\n",
                    partition.0
                ));
            }
            for event in &piece.events {
                let key = event.entry.key;
                if position.covers(key) || !self.followed.takes(event) {
                    continue;
                }
                self.cursor.0.insert(partition.0, Position::Event(key));
                let id = self.cursor.id(partition, concerned);
                let (topic, json) = (event.entry.topic.name(), &event.json);
                text.push_str(&format!("id: {id}\nevent: {topic}\ndata: {json}\n\n"));
            }
            self.cursor.0.insert(partition.0, Position::Record(piece.through));
            if !text.is_empty() {
                self.send(text).await?;
                any = true;
            }
        }
    }

    /// Hands a piece to the connection, however long that takes, and lets go of it when the
    /// client may not have it any more.
    async fn send(&mut self, text: String) -> Result<(), Gone> {
        let data = Bytes::from(text);
        loop {
            tokio::select! {
                biased;
                () = super::ended(&mut self.ending) => return Err(Gone),
                told = self.access.changed() => {
                    told.map_err(|_| Gone)?;
                    self.check().await?;
                }
                sent = self.sender.send_data(data.clone()) => return sent.map_err(|_| Gone),
            }
        }
    }
}
