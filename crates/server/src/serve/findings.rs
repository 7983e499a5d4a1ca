//! What the server finds out about itself: webhooks that keep failing, records set aside.
//!
//! A reconciler: each turn compares what is with what the folds hold, and journals the difference
//! as commands. A recovered partition says what it holds; from then on nobody else tells it.

use super::journal::Inlet;
use super::shards::Recovery;
use anyhow::{Result, anyhow};
use foghorn_dispatch::driver::Dispatcher;
use foghorn_dispatch::lanes::KnownHealth;
use foghorn_ingest::journal::{Durable, Refused};
use foghorn_log::Log;
use foghorn_model::record::Command;
use foghorn_pipeline::{Interventions, KnownQuarantine, Worker, quarantined};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the folds hold.
#[derive(Debug, Default)]
pub struct Known(Mutex<(KnownHealth, KnownQuarantine)>);

impl Known {
    /// A partition is recovered.
    pub fn recovered(&self, worker: &Worker) {
        let (health, quarantine) = &mut *self.lock();
        health.recovered(worker.partition(), worker.failing_webhooks());
        quarantine.recovered(worker.partition(), worker.quarantined());
    }

    fn lock(&self) -> MutexGuard<'_, (KnownHealth, KnownQuarantine)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What there is to compare.
pub struct Findings {
    pub known: Arc<Known>,
    pub recovery: Arc<Recovery>,
    pub dispatcher: Dispatcher,
    pub interventions: Arc<Interventions>,
    pub input: Arc<dyn Log>,
    pub inlet: Inlet,
}

impl Findings {
    /// Tells the folds what they do not know yet. What cannot be written now, the next turn tells.
    pub fn turn(&self) -> Result<()> {
        if !self.recovery.is_done() {
            return Ok(());
        }
        let untold = self.known.lock().1.untold(&self.interventions);
        for (partition, record) in untold {
            let told = quarantined(&*self.input, partition, record)?;
            let command = Command::Quarantined(told);
            wait(self.inlet.command_in(partition, command))?;
            self.known.lock().1.journaled(partition, record);
        }
        let known = self.known.lock().0.clone();
        for health in self.dispatcher.health_blocking(known).unwrap_or_default() {
            let command = Command::WebhookHealth(health.clone());
            wait(self.inlet.command_in(health.partition(), command))?;
            self.known.lock().0.journaled(&health);
        }
        Ok(())
    }
}

/// Waits until it is durable.
fn wait(submitted: Result<Durable, Refused>) -> Result<()> {
    let durable = submitted.map_err(|refused| anyhow!("{refused}"))?;
    durable.blocking_recv().map_err(|_| anyhow!("it was not written"))
}
