//! Budgets of the network: how much may leave, and how fast.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::amount::Unit;
use crate::limits::Limit;
use crate::origin::Origin;

/// The name of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetName {
    /// Bytes sent by the whole run.
    BytesOut,
    /// Bytes sent to any one host.
    BytesOutPerHost,
    /// Connections begun in one second.
    ConnectionsPerSecond,
}

impl BudgetName {
    /// Every budget, in the order of the policy file.
    pub const ALL: [Self; 3] = [Self::BytesOut, Self::BytesOutPerHost, Self::ConnectionsPerSecond];

    /// The key in the policy file.
    pub fn key(self) -> &'static str {
        match self {
            Self::BytesOut => "bytes-out",
            Self::BytesOutPerHost => "bytes-out-per-host",
            Self::ConnectionsPerSecond => "connections-per-second",
        }
    }

    /// What the number counts.
    pub fn unit(self) -> Unit {
        match self {
            Self::BytesOut | Self::BytesOutPerHost => Unit::Bytes,
            Self::ConnectionsPerSecond => Unit::Count,
        }
    }
}

/// The budgets of the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Budget {
    /// Bytes sent by the whole run.
    pub bytes_out: Limit<u64>,
    /// Bytes sent to any one host.
    pub bytes_out_per_host: Limit<u64>,
    /// Connections begun in one second.
    pub connections_per_second: Limit<u64>,
}

impl Budget {
    pub(crate) fn none(origin: &Arc<Origin>) -> Self {
        let none = || Limit { value: None, origin: origin.clone() };
        Self { bytes_out: none(), bytes_out_per_host: none(), connections_per_second: none() }
    }

    /// The budget of that name.
    pub fn get(&self, name: BudgetName) -> &Limit<u64> {
        match name {
            BudgetName::BytesOut => &self.bytes_out,
            BudgetName::BytesOutPerHost => &self.bytes_out_per_host,
            BudgetName::ConnectionsPerSecond => &self.connections_per_second,
        }
    }

    pub(crate) fn get_mut(&mut self, name: BudgetName) -> &mut Limit<u64> {
        match name {
            BudgetName::BytesOut => &mut self.bytes_out,
            BudgetName::BytesOutPerHost => &mut self.bytes_out_per_host,
            BudgetName::ConnectionsPerSecond => &mut self.connections_per_second,
        }
    }
}
