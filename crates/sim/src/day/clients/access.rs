//! What others tell of a client: access control that decides on it, the NAS that accounts for its
//! session, the portal that lets a guest in.
//!
//! A session is with the switch behind whose APs it began. A client that roams behind another one
//! begins a session there; the one before stays open until its NAS starts anew, as that of a client
//! that vanishes does.

use super::super::accounts::{Account, Accounted, nas_ip};
use super::super::site::{Layout, Role};
use super::super::{Around, time};
use super::{Client, ClientAct, Next, Then, after_auth};
use foghorn_model::Timestamp;
use foghorn_model::time::Micros;

/// One of so many clients uses 802.1X, and of the others one of so many is a guest.
const USES_ACCESS_CONTROL: usize = 3;
const IS_GUEST: usize = 4;
/// What a client sends between two updates.
const SENDS_BYTES: u64 = 48_000;

impl Next {
    pub(super) fn act(self) -> ClientAct {
        match self {
            Self::Dhcp => ClientAct::Dhcp(0),
            Self::Stay | Self::Leave => ClientAct::Stay,
        }
    }
}

impl Client {
    pub(super) fn uses_access_control(&self) -> bool {
        self.number % USES_ACCESS_CONTROL == 1
    }

    pub(super) fn is_guest(&self) -> bool {
        !self.uses_access_control() && self.number % IS_GUEST == 2
    }

    pub(super) fn decide(
        &self,
        failed: u8,
        success: bool,
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Then) {
        let now = around.now;
        let kind = if success { "NAC_CLIENT_PERMIT" } else { "NAC_CLIENT_DENY" };
        around.truth.decided(self.mac, kind, now);
        let more = format!(r#","type":"{kind}","username":"user-{}""#, self.number);
        let line = self.told("nac-event", &more, layout, now);
        (Some(line), Some(after_auth(failed, success, now)))
    }

    pub(super) fn authorize(
        &self,
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Then) {
        let now = around.now;
        around.truth.authorized(self.mac, self.to, now);
        let more = r#","auth_method":"passphrase""#;
        let line = self.told("guest-authorization", more, layout, now);
        (Some(line), Some((now + Micros(200_000), ClientAct::Stay)))
    }

    /// Whether a session with the NAS begins now that it is at an AP.
    pub(super) fn begins_account(&mut self, layout: &Layout) -> bool {
        let Role::Ap(nas) = layout.roles[self.to] else { return false };
        let is_known = self.account.as_ref().is_some_and(|account| account.nas == nas);
        if is_known || !self.uses_access_control() {
            return false;
        }
        self.accounts += 1;
        let id = format!("{:06}-{:02}", self.number, self.accounts);
        self.account = Some(Account { nas, id, client: self.mac, rx_bytes: 0 });
        true
    }

    pub(super) fn account(
        &mut self,
        what: Accounted,
        next: Next,
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Then) {
        let now = around.now;
        let Some(account) = &mut self.account else { return (None, None) };
        let mut more = format!(
            r#","status":"{}","nas_ip":"{}","session_id":"{}""#,
            what.status(),
            nas_ip(account.nas),
            account.id
        );
        if what != Accounted::Start {
            account.rx_bytes += SENDS_BYTES;
            more += &format!(r#","rx_bytes":{}"#, account.rx_bytes);
        }
        if what == Accounted::Stop {
            more += r#","terminate_cause":"User-Request""#;
        }
        around.truth.accounted(what, account, now);
        let line = self.told("accounting", &more, layout, now);
        let next = match next {
            Next::Dhcp => Some((now + Micros(180_000), next.act())),
            Next::Stay => Some((now + layout.size.seen_each, next.act())),
            Next::Leave => {
                self.account = None;
                self.next_visit(now)
            }
        };
        (Some(line), next)
    }

    fn told(&self, kind: &str, more: &str, layout: &Layout, now: Timestamp) -> String {
        format!(
            r#"{{"kind":"{kind}","mac":"{}","ap":"{}","ssid":"Maui","time":{}{more}}}"#,
            self.mac,
            layout.mac(self.to),
            time(now)
        )
    }
}
