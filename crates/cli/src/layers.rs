//! From files and flags to the layers of a policy.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pinfold_policy::{Layer, LayerKind, LimitName, Merged, PolicyFile, Setting, bounds, merge, nearest, parse};

use crate::args::PolicyFlags;
use crate::context::Context;
use crate::error::CliError;
use crate::platform;
use crate::trust::Trusted;

/// The policy in force for a call.
pub(crate) fn in_force(context: &Context, flags: &PolicyFlags) -> Result<Merged, CliError> {
    Files::read(context, flags)?.with(context, flags)
}

/// The layers of all files, as they were when they were read.
#[derive(Clone)]
pub(crate) struct Files(Vec<Layer>);

impl Files {
    /// Reads those that are in force, and one that a flag names.
    pub(crate) fn read(context: &Context, flags: &PolicyFlags) -> Result<Self, CliError> {
        let mut layers = files(context)?;
        if let Some(file) = &flags.policy {
            let text = read(file).map_err(|error| unreadable(file, &error))?;
            layers.push(Layer::new(LayerKind::CommandLine, parsed(&text, file)?));
        }
        Ok(Self(layers))
    }

    /// The policy in force with these flags.
    pub(crate) fn with(&self, context: &Context, flags: &PolicyFlags) -> Result<Merged, CliError> {
        let mut layers = self.0.clone();
        layers.push(Layer::new(LayerKind::CommandLine, from_flags(context, flags)?));
        merge(&layers, &context.places()).map_err(|error| CliError::from_error(&error))
    }
}

/// The policy files that are in force, with what each is.
fn files(context: &Context) -> Result<Vec<Layer>, CliError> {
    let mut layers = Vec::new();
    for (kind, file) in file_layers(context) {
        if kind == LayerKind::Managed && !is_administrators(&file)? {
            continue;
        }
        let Some(text) = read_if_exists(&file)? else { continue };
        let kind = match kind {
            LayerKind::Project { .. } => {
                LayerKind::Project { trusted: Trusted::new(context.state()).contains(&file, text.as_bytes()) }
            }
            other => other,
        };
        layers.push(Layer::new(kind, parsed(&text, &file)?));
    }
    Ok(layers)
}

/// Whether the administrator's policy counts: what anybody could have put there is passed over, and not in silence.
fn is_administrators(file: &Path) -> Result<bool, CliError> {
    let is = platform::is_administrators(file).map_err(|error| unreadable(file, &error))?;
    if !is && file.symlink_metadata().is_ok() {
        eprintln!(
            "pinfold: warning: {} does NOT count: others than administrators could have written it",
            file.display()
        );
        eprintln!("pinfold: note: it counts once it and its directory are owned and written by administrators alone");
    }
    Ok(is)
}

/// Where policy files are looked for.
pub(crate) fn file_layers(context: &Context) -> [(LayerKind, PathBuf); 3] {
    [
        (LayerKind::Managed, platform::MANAGED_POLICY.into()),
        (LayerKind::User, context.user_policy()),
        (LayerKind::Project { trusted: false }, context.project_policy()),
    ]
}

/// A policy file that must exist.
pub(crate) fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let limit = bounds::FILE_BYTES_MAX as u64 + 1;
    platform::open(file)?.take(limit).read_to_string(&mut text)?;
    Ok(text)
}

/// A policy file that may be missing. One that exists and cannot be read is an error: it may forbid something.
fn read_if_exists(file: &Path) -> Result<Option<String>, CliError> {
    match read(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(file, &error)),
    }
}

pub(crate) fn unreadable(file: &Path, error: &io::Error) -> CliError {
    CliError::new(format!("the policy file {} cannot be read", file.display())).why(error.to_string())
}

/// A parsed policy file, or where it is wrong.
pub(crate) fn parsed(text: &str, file: &Path) -> Result<PolicyFile, CliError> {
    parse(text, file).map_err(|error| CliError::new(error.to_string()))
}

fn from_flags(context: &Context, flags: &PolicyFlags) -> Result<PolicyFile, CliError> {
    let mut policy = PolicyFile::default();
    let mut add = |setting: Setting, value: &str, flag: &str, typed: &str| {
        policy.add_flag(setting, value, format!("--{flag} {typed}").trim_end()).map_err(|error| {
            let hint = error.hint.clone();
            let shown = CliError::new(error.to_string());
            hint.into_iter().fold(shown, CliError::hint)
        })
    };
    if let Some(profile) = &flags.profile {
        add(Setting::Profile, profile, "profile", profile)?;
    }
    let paths = [
        (Setting::Read, "read", &flags.read),
        (Setting::Write, "write", &flags.write),
        (Setting::Deny, "deny", &flags.deny),
        (Setting::Mask, "mask", &flags.mask),
    ];
    for (setting, flag, values) in paths {
        for value in values {
            let typed = unicode(flag, value)?;
            add(setting, &argument_path(context, setting, typed), flag, typed)?;
        }
    }
    for name in &flags.protect {
        add(Setting::Protect, name, "protect", name)?;
    }
    if flags.staged {
        add(Setting::Stage, "true", "staged", "")?;
    }
    if flags.undo {
        add(Setting::Undo, "true", "undo", "")?;
    }
    for variable in &flags.env {
        let setting = if variable.contains('=') { Setting::EnvSet } else { Setting::EnvAllow };
        if setting == Setting::EnvAllow && !variable.contains(['*', '?', '@']) && !context.has_variable(variable) {
            eprintln!("pinfold: --env {variable}: there is no such variable here, so none comes in");
        }
        add(setting, variable, "env", variable)?;
    }
    for limit in &flags.limit {
        let (name, value) = limit_flag(limit)?;
        add(Setting::Limit(name), value, "limit", limit)?;
    }
    if let Some(network) = flags.network {
        add(Setting::Network, network.name(), "network", network.name())?;
    }
    if flags.ask {
        add(Setting::Ask, "", "ask", "")?;
    }
    let network = [
        (Setting::AllowHost, "allow-host", &flags.allow_host),
        (Setting::Publish, "publish", &flags.publish),
        (Setting::HostPort, "host-port", &flags.host_port),
    ];
    for (setting, flag, values) in network {
        for value in values {
            add(setting, value, flag, value)?;
        }
    }
    Ok(policy)
}

/// Arguments are relative to the current directory, policy files to the workspace.
fn argument_path(context: &Context, setting: Setting, typed: &str) -> String {
    let floating = matches!(setting, Setting::Deny | Setting::Mask)
        && (!typed.contains('/') || typed.starts_with("**/") || typed.starts_with('!'));
    if typed.starts_with('@') || typed == "~" || typed.starts_with("~/") || floating {
        return typed.to_owned();
    }
    let slash = if typed.ends_with('/') && typed.len() > 1 { "/" } else { "" };
    format!("{}{slash}", context.absolute(Path::new(typed)).display())
}

fn unicode<'a>(flag: &str, value: &'a OsStr) -> Result<&'a str, CliError> {
    value.to_str().ok_or_else(|| {
        CliError::new(format!("--{flag} {}: the path is not Unicode", value.display()))
            .why("policies are text, so a path in one must be too")
            .hint("name a directory above it")
    })
}

fn limit_flag(limit: &str) -> Result<(LimitName, &str), CliError> {
    let Some((name, value)) = limit.split_once('=') else {
        return Err(
            CliError::new(format!("--limit {limit}: a limit is KIND=VALUE")).hint("for example --limit memory=4GiB")
        );
    };
    let known = LimitName::ALL.map(LimitName::key);
    let found = LimitName::ALL.into_iter().find(|kind| kind.key() == name);
    let name = found.ok_or_else(|| {
        let error = CliError::new(format!("--limit {limit}: there is no limit `{name}`"));
        let meant = nearest(name, known).map(|meant| format!("did you mean `{meant}`? "));
        error.hint(format!("{}known: {}", meant.unwrap_or_default(), known.join(", ")))
    })?;
    Ok((name, value))
}
