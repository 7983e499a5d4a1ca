//! Searches of what happened: a row each.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes, reference};
use crate::page::Ids;
use crate::resources::Level;
use crate::schema::search_of;
use crate::search::{
    self, Asked, COUNTED, FLAGS, SPAN, Search, Searched, Span, field, one_of, wanted,
};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{HistoryFilter, Match, Right, Whose};
use foghorn_model::{AdminId, OrgId, Timestamp, Topic};
use http::Uri;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// A history that can be searched.
struct Searchable {
    topic: Topic,
    tag: &'static str,
    paths: &'static [Paths],
    /// The members of the events that may be asked for.
    members: &'static [&'static str],
    /// Those of them of which a part is enough.
    parts: &'static [&'static str],
    /// What else may be asked for.
    also: &'static [(&'static str, Also)],
    /// What else may be counted, and the member that has it.
    counted: &'static [(&'static str, &'static str)],
    /// What a count of a site, and one of an org, counts unless it is told otherwise.
    distinct: [&'static str; 2],
    row: fn(Map<String, Value>) -> Map<String, Value>,
    /// The name of the schema of a row.
    shape: &'static str,
    summary: &'static str,
}

/// What these members may be asked for as.
const WORDS: &[(&str, &[&str])] = &[
    ("band", &["24", "5", "6"]),
    (DEVICE_TYPE, &["ap", "switch", "gateway", ALL]),
    ("nacrule_matched", FLAGS),
    ("dryrun_nacrule_matched", FLAGS),
    ("random_mac", FLAGS),
];
const DEVICE_TYPE: &str = "device_type";
/// Devices of any type.
const ALL: &str = "all";

/// What is asked for by another name than that of one member.
#[derive(Clone, Copy)]
enum Also {
    /// One of the values of this member, which is a list.
    OneOf(&'static str),
    /// A part of the first of these members, or of one of the others.
    Within(&'static str, &'static [&'static str]),
}

/// Where a history is searched.
struct Paths {
    /// Of whom it is.
    level: Level,
    search: &'static str,
    /// The name of the search.
    searches: &'static str,
    /// The path of the count, and its name.
    count: Option<(&'static str, &'static str)>,
}

const SEARCHES: &[Searchable] = &[
    Searchable {
        topic: Topic::Audits,
        tag: "logs",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/logs",
                searches: "listOrgAuditLogs",
                count: Some(("/api/v1/orgs/{org_id}/logs/count", "countOrgAuditLogs")),
            },
            // Where newer clients look for it.
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/logs/search",
                searches: "searchOrgAuditLogs",
                count: None,
            },
        ],
        members: &["site_id", "admin_id", "admin_name", "message"],
        parts: &["admin_name", "message"],
        also: &[],
        counted: &[],
        distinct: ["admin_name"; 2],
        row: with_objects,
        shape: "AuditRow",
        summary: "The audit log",
    },
    Searchable {
        topic: Topic::ClientSessions,
        tag: "clients",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/clients/sessions/search",
                searches: "searchOrgWirelessClientSessions",
                count: Some((
                    "/api/v1/orgs/{org_id}/clients/sessions/count",
                    "countOrgWirelessClientsSessions",
                )),
            },
            Paths {
                level: Level::Site,
                search: "/api/v1/sites/{site_id}/clients/sessions/search",
                searches: "searchSiteWirelessClientSessions",
                count: Some((
                    "/api/v1/sites/{site_id}/clients/sessions/count",
                    "countSiteWirelessClientSessions",
                )),
            },
        ],
        members: &[
            "mac",
            "ap",
            "band",
            "ssid",
            "wlan_id",
            "client_family",
            "client_manufacture",
            "client_model",
            "client_os",
            "client_username",
            "client_hostname",
            "psk_id",
            "psk_name",
        ],
        parts: &[],
        also: &[],
        // What a session is called elsewhere; of VLANs it tells nothing.
        counted: &[
            ("device", "client_family"),
            ("hostname", "client_hostname"),
            ("ip", "client_ip"),
            ("model", "client_model"),
            ("os", "client_os"),
            ("vlan", "vlan"),
        ],
        distinct: ["mac", "device"],
        row: |row| row,
        shape: "SessionRow",
        summary: "Sessions of wireless clients that have ended",
    },
    Searchable {
        topic: Topic::DeviceEvents,
        tag: "devices",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/devices/events/search",
                searches: "searchOrgDeviceEvents",
                count: Some(("/api/v1/orgs/{org_id}/devices/events/count", "countOrgDeviceEvents")),
            },
            Paths {
                level: Level::Site,
                search: "/api/v1/sites/{site_id}/devices/events/search",
                searches: "searchSiteDeviceEvents",
                count: Some((
                    "/api/v1/sites/{site_id}/devices/events/count",
                    "countSiteDeviceEvents",
                )),
            },
        ],
        members: &[
            "mac",
            "type",
            "device_type",
            "device_name",
            "site_id",
            "model",
            "ap",
            "apfw",
            "text",
            "timestamp",
            "type_code",
        ],
        parts: &["text"],
        also: &[],
        counted: &[("org_id", "org_id")],
        distinct: ["model"; 2],
        row: |row| row,
        shape: "DeviceEventRow",
        summary: "Events of devices",
    },
    Searchable {
        topic: Topic::ClientEvents,
        tag: "clients",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/clients/events/search",
                searches: "searchOrgWirelessClientEvents",
                count: Some((
                    "/api/v1/orgs/{org_id}/clients/events/count",
                    "countOrgWirelessClientEvents",
                )),
            },
            Paths {
                level: Level::Site,
                search: "/api/v1/sites/{site_id}/clients/events/search",
                searches: "searchSiteWirelessClientEvents",
                count: Some((
                    "/api/v1/sites/{site_id}/clients/events/count",
                    "countSiteWirelessClientEvents",
                )),
            },
        ],
        // The last five are of what no input tells: who asks for them finds none.
        members: &[
            "mac",
            "type",
            "ap",
            "ssid",
            "wlan_id",
            "band",
            "server",
            "site_id",
            "channel",
            "key_mgmt",
            "nacrule_id",
            "proto",
            "reason_code",
        ],
        parts: &[],
        also: &[],
        counted: &[],
        distinct: ["type"; 2],
        row: |row| row,
        shape: "ClientEventRow",
        summary: "What wireless clients went through on their way into the network",
    },
    Searchable {
        topic: Topic::NacEvents,
        tag: "nac_clients",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/nac_clients/events/search",
                searches: "searchOrgNacClientEvents",
                count: Some((
                    "/api/v1/orgs/{org_id}/nac_clients/events/count",
                    "countOrgNacClientEvents",
                )),
            },
            Paths {
                level: Level::Site,
                search: "/api/v1/sites/{site_id}/nac_clients/events/search",
                searches: "searchSiteNacClientEvents",
                count: Some((
                    "/api/v1/sites/{site_id}/nac_clients/events/count",
                    "countSiteNacClientEvents",
                )),
            },
        ],
        members: &[
            "type",
            "mac",
            "username",
            "ap",
            "bssid",
            "ssid",
            "vlan",
            "auth_type",
            "nas_vendor",
            "nas_ip",
            "nacrule_id",
            "nacrule_matched",
            "dryrun_nacrule_id",
            "dryrun_nacrule_matched",
            "idp_id",
            "idp_username",
            "random_mac",
            "ingress_vlan",
            "site_id",
        ],
        parts: &[],
        also: &[
            ("text", Also::Within("text", &["mac", "username", "ap"])),
            ("idp_role", Also::OneOf("idp_role")),
            ("resp_attrs", Also::OneOf("resp_attrs")),
            ("usermac_label", Also::OneOf("usermac_labels")),
        ],
        counted: &[],
        distinct: ["type"; 2],
        row: with_flag,
        shape: "NacEventRow",
        summary: "What access control decided",
    },
    Searchable {
        topic: Topic::MxedgeEvents,
        tag: "mxedges",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/mxedges/events/search",
                searches: "searchOrgMistEdgeEvents",
                count: Some((
                    "/api/v1/orgs/{org_id}/mxedges/events/count",
                    "countOrgSiteMxEdgeEvents",
                )),
            },
            Paths {
                level: Level::Site,
                search: "/api/v1/sites/{site_id}/mxedges/events/search",
                searches: "searchSiteMistEdgeEvents",
                count: Some((
                    "/api/v1/sites/{site_id}/mxedges/events/count",
                    "countSiteMxEdgeEvents",
                )),
            },
        ],
        members: &[
            "type",
            "mxedge_id",
            "mxcluster_id",
            "service",
            "component",
            "package",
            "site_id",
        ],
        parts: &[],
        also: &[],
        counted: &[],
        distinct: ["mxedge_id"; 2],
        row: without_nulls,
        shape: "MxEdgeEventRow",
        summary: "Events of edges",
    },
    Searchable {
        topic: Topic::OtherDeviceEvents,
        tag: "otherdevices",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/otherdevices/events/search",
                searches: "searchOrgOtherDeviceEvents",
                count: Some((
                    "/api/v1/orgs/{org_id}/otherdevices/events/count",
                    "countOrgOtherDeviceEvents",
                )),
            },
            Paths {
                level: Level::Site,
                search: "/api/v1/sites/{site_id}/otherdevices/events/search",
                searches: "searchSiteOtherDeviceEvents",
                count: Some((
                    "/api/v1/sites/{site_id}/otherdevices/events/count",
                    "countSiteOtherDeviceEvents",
                )),
            },
        ],
        members: &["mac", "type", "vendor", "device_mac", "site_id"],
        parts: &[],
        also: &[],
        counted: &[],
        distinct: ["mac"; 2],
        row: |row| row,
        shape: "OtherDeviceEventRow",
        summary: "Events of devices of other vendors",
    },
    Searchable {
        topic: Topic::GuestAuthorizations,
        tag: "guests",
        paths: &[Paths {
            level: Level::Org,
            search: "/api/v1/orgs/{org_id}/guests/authorizations/search",
            searches: "searchOrgGuestAuthorizationEvents",
            count: None,
        }],
        members: &["client", "ssid", "wlan_id", "auth_method", "email", "company", "site_id"],
        parts: &[],
        also: &[],
        counted: &[],
        distinct: ["ssid"; 2],
        row: |row| row,
        shape: "GuestAuthorizationRow",
        summary: "Guests that were let in (extension)",
    },
];

pub(super) fn routes() -> Routes {
    let all = SEARCHES.iter().flat_map(|it| it.paths.iter().map(move |paths| (it, paths)));
    all.fold(own(Routes::default()), |routes, (it, paths)| {
        let level = paths.level;
        let new = |path: &str, id: &str, summary: String| {
            Operation::new(Method::Get, path, id, it.tag, summary).asks(&it.parameters())
        };
        let search = new(paths.search, paths.searches, it.summary.into());
        let routes = routes.at(
            search.asks(&SPAN).answers(search_of(it.shape)),
            move |caller: Caller, State(api): State<Api>, Ids(owner), uri: Uri, asked| async move {
                let scope = level.scope(&caller, owner, Right::Read)?;
                let Search(which, asked): Search<Which> = asked;
                let whose = Whose::Scope(scope, it.topic);
                it.search(&api, (scope.org.0, whose), (which, asked), uri.path()).await
            },
        );
        let Some((count, counts)) = paths.count else { return routes };
        let count = new(count, counts, format!("{}, counted", it.summary));
        routes.at(
            count.asks(&COUNTED).answers(reference("Count")),
            move |caller: Caller, State(api): State<Api>, Ids(owner), asked| async move {
                let scope = level.scope(&caller, owner, Right::Read)?;
                let Search(which, asked): Search<Which> = asked;
                let unasked = it.distinct[usize::from(scope.site.is_none())];
                it.count(&api, Whose::Scope(scope, it.topic), unasked, (which, asked)).await
            },
        )
    })
}

/// The audits of what the caller did itself, in all its orgs.
fn own(routes: Routes) -> Routes {
    let logs = &SEARCHES[0];
    let members = logs.parameters();
    let new =
        |path, id, summary| Operation::new(Method::Get, path, id, "self", summary).asks(&members);
    let doer = |caller: &Caller| {
        let orgs: BTreeSet<OrgId> = caller.principal.grants.iter().map(|it| it.org_id).collect();
        let id = caller.principal.admin.unwrap_or(AdminId(caller.principal.token_id.0));
        (id.0, Whose::Doer(id, orgs.into_iter().collect()))
    };
    routes
        .at(
            new("/api/v1/self/logs", "listSelfAuditLogs", "What the caller did itself")
                .asks(&SPAN)
                .answers(search_of(logs.shape)),
            move |caller: Caller, State(api): State<Api>, uri: Uri, asked| async move {
                let Search(which, asked): Search<Which> = asked;
                logs.search(&api, doer(&caller), (which, asked.by_page()), uri.path()).await
            },
        )
        .at(
            new("/api/v1/self/logs/count", "countSelfAuditLogs", "The same, counted (extension)")
                .asks(&COUNTED)
                .answers(reference("Count")),
            move |caller: Caller, State(api): State<Api>, asked| async move {
                let Search(which, asked): Search<Which> = asked;
                let [_, unasked] = logs.distinct;
                logs.count(&api, doer(&caller).1, unasked, (which, asked)).await
            },
        )
}

/// The rest of the query, by name.
type Which = BTreeMap<String, String>;

impl Searchable {
    /// What a query may say of the rows.
    fn parameters(&self) -> Vec<Parameter> {
        let parameter = |member: &&'static str| {
            let is_part = self.parts.contains(member);
            let what = if is_part { "rows with this in it" } else { "rows with this value" };
            (*member, "string", what)
        };
        let also = |(name, also): &(&'static str, Also)| {
            let what = match also {
                Also::OneOf(_) => "rows that have this among others",
                Also::Within(..) => "rows with this in one of their texts",
            };
            (*name, "string", what)
        };
        self.members.iter().map(parameter).chain(self.also.iter().map(also)).collect()
    }

    /// The rows that a query asks for, of any time.
    fn filter(&self, whose: Whose, which: &Which) -> Result<HistoryFilter, Error> {
        for (name, words) in WORDS.iter().filter(|(name, _)| self.members.contains(name)) {
            which.get(*name).map_or(Ok(()), |value| one_of(name, &wanted(value), words))?;
        }
        let asked = |name: &&'static str| {
            let value = wanted(which.get(*name)?);
            if *name == DEVICE_TYPE && value == ALL {
                return None;
            }
            let is_part = self.parts.contains(name);
            Some((*name, if is_part { Match::Contains(value) } else { Match::Is(value) }))
        };
        let also = |(name, also): &(&'static str, Also)| {
            let value = wanted(which.get(*name)?);
            Some(match also {
                Also::OneOf(member) => (*member, Match::Has(value)),
                Also::Within(member, others) => (*member, Match::ContainsHereOr(others, value)),
            })
        };
        let asked = self.members.iter().filter_map(asked);
        Ok(HistoryFilter {
            whose,
            start: Timestamp(i64::MIN),
            end: Timestamp(i64::MAX),
            members: asked.chain(self.also.iter().filter_map(also)).collect(),
            sorted_by: None,
        })
    }

    async fn search(
        &self,
        api: &Api,
        (owner, whose): (Uuid, Whose),
        (which, asked): (Which, Asked),
        path: &str,
    ) -> Result<Json<Value>, Error> {
        let filter = self.filter(whose, &which)?;
        let kept = |name: &'static str| Some((name, which.get(name)?.clone()));
        let also = self.also.iter().map(|(name, _)| *name);
        let kept = self.members.iter().copied().chain(also).filter_map(kept).collect();
        let order = asked.order(self.members)?;
        let sorted_by = order.by.map(|member| (member, order.downwards));
        let of = Searched { owner, kind: self.topic.name(), path, kept, order };
        let store = Arc::clone(&api.history);
        let find = move |Span { start, end }, paging| {
            store.search(&HistoryFilter { start, end, sorted_by, ..filter }, paging)
        };
        let row = |json: &String| {
            let event = serde_json::from_str(json);
            let event = event.map_err(|error| Error::Internal(error.to_string()))?;
            Ok(Value::Object((self.row)(event)))
        };
        search::page(api, &asked, of, find, row).await
    }

    async fn count(
        &self,
        api: &Api,
        whose: Whose,
        unasked: &str,
        (which, asked): (Which, Asked),
    ) -> Result<Json<Value>, Error> {
        let distinct = which.get("distinct").map_or(unasked, String::as_str);
        let own = self.members.iter().map(|member| (*member, *member));
        let all: Vec<(&str, &str)> = own.chain(self.counted.iter().copied()).collect();
        let Some((name, member)) = all.iter().copied().find(|(name, _)| *name == distinct) else {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            return Err(field("distinct", format!("not one of {}", names.join(", "))));
        };
        let filter = self.filter(whose, &which)?;
        let store = Arc::clone(&api.history);
        let find =
            move |Span { start, end }| store.count(&HistoryFilter { start, end, ..filter }, member);
        search::counts(api, &asked, name, find).await
    }
}

/// On the wire `before` and `after` are JSON in a text; REST answers them as objects.
fn with_objects(mut row: Map<String, Value>) -> Map<String, Value> {
    for member in ["before", "after"] {
        if let Some(value) = row.get_mut(member)
            && let Some(object) = value.as_str().and_then(|text| serde_json::from_str(text).ok())
        {
            *value = object;
        }
    }
    row
}

/// `random_mac` is a text on the wire, and a flag in searches.
fn with_flag(mut row: Map<String, Value>) -> Map<String, Value> {
    if let Some(value) = row.get_mut("random_mac")
        && let Some(flag) = value.as_str().and_then(|text| text.parse::<bool>().ok())
    {
        *value = flag.into();
    }
    row
}

/// The wire says that an event is of no component; a search leaves it out.
fn without_nulls(mut row: Map<String, Value>) -> Map<String, Value> {
    row.retain(|_, value| !value.is_null());
    row
}
