//! The `[network]` section as it is written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use toml::Spanned;

use crate::amount::Amount;
use crate::network::budget::BudgetName;
use crate::network::mode::NetworkMode;
use crate::network::path::PathPattern;
use crate::network::ports::{self, Ports};
use crate::network::scope::{HostScope, HostText};
use crate::origin::{Entry, Position};
use crate::text::{Complaint, quoted};

/// What the run reaches over the network.
///
/// A host is a name (`api.example.com`), every name below one (`*.example.com`, which is not `example.com` itself),
/// every name (`*`), an address, or a range (`10.1.2.0/24`), each with `:PORT` or `:*` where it is not about 80 and 443.
/// `@name` is a preset.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Network")]
pub(crate) struct NetworkSection {
    /// How much network there is; the lists below count for `rules`.
    #[schemars(with = "Option<NetworkMode>")]
    pub(crate) mode: Option<Spanned<NetworkMode>>,
    /// Hosts that may be reached, as text or as a table with `host`, `ports`, `methods` and `paths`.
    #[schemars(with = "Option<Vec<HostEntry>>")]
    pub(crate) allow: Option<Vec<Spanned<HostEntry>>>,
    /// Hosts that may not, whatever is allowed. Without a port, on every port.
    #[schemars(with = "Option<Vec<HostEntry>>")]
    pub(crate) deny: Option<Vec<Spanned<HostEntry>>>,
    /// Ports inside that the host's loopback shows.
    #[schemars(with = "Option<Vec<u16>>")]
    pub(crate) publish: Option<Vec<Spanned<i64>>>,
    /// Ports of the host's loopback that are reached from inside as `host.pinfold.internal`.
    #[schemars(with = "Option<Vec<u16>>")]
    pub(crate) host_ports: Option<Vec<Spanned<i64>>>,
    /// How much may be sent, and how fast connections may be made.
    pub(crate) budget: Option<BudgetSection>,
}

/// How much may be sent. Sizes are bytes or text such as `"100MB"`; `"none"` is no limit.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Budget")]
pub(crate) struct BudgetSection {
    /// Bytes sent by the whole run.
    #[schemars(with = "Option<Amount>")]
    bytes_out: Option<Spanned<Amount>>,
    /// Bytes sent to any one host.
    #[schemars(with = "Option<Amount>")]
    bytes_out_per_host: Option<Spanned<Amount>>,
    /// Connections begun in one second.
    #[schemars(with = "Option<Amount>")]
    connections_per_second: Option<Spanned<Amount>>,
}

impl BudgetSection {
    pub(crate) fn take(&mut self, name: BudgetName) -> Option<Spanned<Amount>> {
        match name {
            BudgetName::BytesOut => self.bytes_out.take(),
            BudgetName::BytesOutPerHost => self.bytes_out_per_host.take(),
            BudgetName::ConnectionsPerSecond => self.connections_per_second.take(),
        }
    }
}

/// An entry of `allow` or `deny` as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostEntry {
    Text(String),
    Table(HostTable),
}

/// A rule with methods or paths. The gate looks inside connections to such a host.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Host")]
pub(crate) struct HostTable {
    /// The host, as in text.
    host: String,
    /// The ports.
    #[schemars(with = "Option<Vec<u16>>")]
    ports: Option<Vec<i64>>,
    /// HTTP methods, such as `GET`.
    methods: Option<Vec<String>>,
    /// Paths of HTTP requests: `*` is anything between two slashes, `**` any number of parts, also none.
    paths: Option<Vec<String>>,
}

impl HostEntry {
    pub(crate) fn read(&self) -> Result<HostText, Complaint> {
        match self {
            Self::Text(text) => HostText::parse(text),
            Self::Table(table) => table.read().map(HostText::Rule),
        }
    }
}

impl HostTable {
    fn read(&self) -> Result<HostScope, Complaint> {
        if self.host.starts_with('@') {
            return Err(Complaint::new("a preset in a table", "write a preset as text, such as \"@github\""));
        }
        let mut scope = HostScope::parse(&self.host)?;
        if let Some(ports) = filled("ports", self.ports.as_deref())? {
            if scope.ports != Ports::Unsaid {
                return Err(Complaint::new("ports twice", "write them either after the host or in `ports`"));
            }
            scope.ports = Ports::These(ports.iter().map(|number| ports::port(*number)).collect::<Result<_, _>>()?);
        }
        for method in filled("methods", self.methods.as_deref())?.unwrap_or_default() {
            scope.methods.push(read_method(method)?);
        }
        for path in filled("paths", self.paths.as_deref())?.unwrap_or_default() {
            scope.paths.push(PathPattern::parse(path)?);
        }
        Ok(scope)
    }
}

/// An empty list would read as "none" to some and as "all" to others.
fn filled<'a, T>(key: &str, list: Option<&'a [T]>) -> Result<Option<&'a [T]>, Complaint> {
    match list {
        Some([]) => Err(Complaint::new(format!("`{key}` is empty"), "leave it out, or write what is meant")),
        list => Ok(list),
    }
}

fn read_method(text: &str) -> Result<String, Complaint> {
    match !text.is_empty() && text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        true => Ok(text.to_owned()),
        false => Err(Complaint::new(format!("{} is no method", quoted(text)), "write one such as \"GET\" or \"POST\"")),
    }
}

impl<'de> Deserialize<'de> for HostEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HostVisitor)
    }
}

struct HostVisitor;

impl<'de> Visitor<'de> for HostVisitor {
    type Value = HostEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text such as \"api.example.com\", or a table with `host`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<HostEntry, E> {
        Ok(HostEntry::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HostEntry, A::Error> {
        HostTable::deserialize(MapAccessDeserializer::new(map)).map(HostEntry::Table)
    }
}

impl JsonSchema for HostEntry {
    fn schema_name() -> Cow<'static, str> {
        "HostEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A host such as \"api.example.com:443\", a preset such as \"@github\", or a table.",
            "anyOf": [{ "type": "string" }, generator.subschema_for::<HostTable>()],
        })
    }
}

/// The checked `[network]` section of one policy file. In a managed file `None` means "no ceiling".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkRules {
    /// How much network there is.
    pub mode: Option<Entry<NetworkMode>>,
    /// What may be reached.
    pub allow: Option<Vec<Entry<HostText>>>,
    /// What may not.
    pub deny: Vec<Entry<HostText>>,
    /// Ports inside that the host shows.
    pub publish: Option<Vec<Entry<u16>>>,
    /// Ports of the host that are reached from inside.
    pub host_ports: Option<Vec<Entry<u16>>>,
    /// Budgets; `None` inside an entry is an explicit `"none"`.
    pub budget: BTreeMap<BudgetName, Entry<Option<u64>>>,
    /// The flag by which the user is asked about hosts that no rule names.
    pub ask: Option<Position>,
}
