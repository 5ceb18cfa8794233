//! A policy file: its TOML form, and the checked form that layers are made of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use crate::env::{EnvRules, EnvSection};
use crate::files::{FileRules, FilesSection};
use crate::ledger::{LedgerRules, LedgerSection};
use crate::limits::{LimitRules, LimitsSection};
use crate::network::{NetworkRules, NetworkSection};
use crate::origin::Entry;
use crate::process::ProcessSection;
use crate::secrets::{SecretSection, SecretText};
use crate::stages::{StageRules, StagesSection};

/// A Pinfold policy: what a run may do.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Pinfold policy")]
pub(crate) struct Document {
    /// Version of the format: 1.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1))]
    pub(crate) version: Option<Spanned<i64>>,
    /// The built-in profile to start from.
    #[schemars(with = "Option<String>")]
    pub(crate) profile: Option<Spanned<String>>,
    /// In the managed policy only: the profiles that may be used.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) profiles: Option<Spanned<Vec<Spanned<String>>>>,
    /// What the run sees of the file system.
    pub(crate) files: Option<FilesSection>,
    /// What the run reaches over the network.
    pub(crate) network: Option<NetworkSection>,
    /// Secrets by name: the gate puts them into requests to their hosts, and nothing inside ever sees them.
    #[schemars(with = "Option<BTreeMap<String, SecretSection>>")]
    pub(crate) secrets: Option<BTreeMap<Spanned<String>, SecretSection>>,
    /// Which variables the run gets.
    pub(crate) env: Option<EnvSection>,
    /// What processes may do beyond ordinary work.
    pub(crate) process: Option<ProcessSection>,
    /// How much the run may use.
    pub(crate) limits: Option<LimitsSection>,
    /// What becomes of the record of the run.
    pub(crate) ledger: Option<LedgerSection>,
    /// How long what staged runs wrote is kept.
    pub(crate) stages: Option<StagesSection>,
    #[schemars(skip)]
    pub(crate) identity: Option<Spanned<IgnoredAny>>,
}

/// Sections of later versions: refused, but not as a typo.
pub(crate) const RESERVED: [&str; 1] = ["identity"];

/// A checked policy file (or the flags of a run), not yet resolved for any machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFile {
    /// The file, or the name of a built-in profile; nothing for flags.
    pub file: Option<PathBuf>,
    /// The built-in profile to start from.
    pub profile: Option<Entry<String>>,
    /// The profiles that a managed policy allows.
    pub profiles: Option<Entry<Vec<Entry<String>>>>,
    /// The `[files]` section.
    pub files: FileRules,
    /// The `[network]` section.
    pub network: NetworkRules,
    /// The `[secrets]` section.
    pub secrets: BTreeMap<String, Entry<SecretText>>,
    /// The `[env]` section.
    pub env: EnvRules,
    /// `process.nested-namespaces`
    pub nested_namespaces: Option<Entry<bool>>,
    /// The `[limits]` section.
    pub limits: LimitRules,
    /// The `[ledger]` section.
    pub ledger: LedgerRules,
    /// The `[stages]` section.
    pub stages: StageRules,
}
