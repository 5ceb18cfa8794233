//! The `[secrets]` section: what the gate puts into requests, and nothing inside ever sees. The policy knows where a
//! secret comes from, never its value.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::deny::{Deny, DenyText};
use crate::env::{EnvPattern, check_name};
use crate::layers::{Layer, Withheld};
use crate::merging::NOT_TRUSTED;
use crate::network::{HostScope, Hosts, Ports};
use crate::origin::Origin;
use crate::paths::{PathText, check_text};
use crate::policy::Policy;
use crate::text::{Complaint, quoted};

/// A secret. Inside there is a placeholder; in requests to its hosts the gate puts the value in its place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Secret")]
pub(crate) struct SecretSection {
    /// Where the value comes from when a run starts. A variable or file named here is kept from the run.
    #[schemars(with = "SecretFrom")]
    pub(crate) from: Spanned<SecretFrom>,
    /// Hosts that may get it: names or `*.name`, on port 443 unless another one is written.
    #[schemars(with = "Vec<String>")]
    pub(crate) hosts: Spanned<Vec<Spanned<String>>>,
    /// Where in a request: `header:NAME`, `query:KEY`, `basic` (the password of basic authentication) or `body`.
    #[schemars(with = "String")]
    pub(crate) r#in: Spanned<String>,
    /// The variable inside that holds the placeholder; the one the value comes from, if it comes from one.
    #[schemars(with = "Option<String>")]
    pub(crate) env: Option<Spanned<String>>,
}

/// Where the value of a secret comes from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "Source")]
pub(crate) enum SecretFrom {
    /// A variable of the caller.
    Env(String),
    /// A file, without the line break at its end.
    File(String),
    /// What a program prints, without the line break at its end; it runs outside.
    Command(Vec<String>),
    /// An entry of the desktop's keyring.
    Keyring(String),
}

/// A checked secret of one policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretText {
    pub(crate) from: SourceText,
    pub(crate) hosts: Vec<HostScope>,
    pub(crate) place: SecretUse,
    pub(crate) env: Option<String>,
}

/// A checked source, its path not yet resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourceText {
    File(PathText),
    Other(SecretSource),
}

/// Where the value of a secret comes from when a run starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    /// A variable of the caller.
    Env(String),
    /// A file on the host, by its absolute path.
    File(PathBuf),
    /// The output of a program of the host: the program and its arguments.
    Command(Vec<String>),
    /// An entry of the desktop's keyring.
    Keyring(String),
}

/// Where in a request a secret may stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretUse {
    /// In the value of this header; the name in lower case.
    Header(String),
    /// In the value of this key of the query.
    Query(String),
    /// As the password of basic authentication.
    Basic,
    /// In the body.
    Body,
}

/// A secret of the merged policy, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Secret {
    /// The name.
    pub name: String,
    /// Where the value comes from.
    pub from: SecretSource,
    /// The hosts that may get it.
    pub hosts: Vec<HostScope>,
    /// Where in a request.
    pub r#in: SecretUse,
    /// The variable inside that holds the placeholder.
    pub env: Option<String>,
    /// Who says so.
    pub origin: Arc<Origin>,
}

impl SecretFrom {
    pub(crate) fn read(&self) -> Result<SourceText, Complaint> {
        Ok(SourceText::Other(match self {
            Self::Env(name) => {
                check_name(name)?;
                SecretSource::Env(name.clone())
            }
            Self::File(path) => match PathText::parse(path)? {
                PathText::Set(_) => return Err(Complaint::new("a set is no file", "write the path of one file")),
                path => return Ok(SourceText::File(path)),
            },
            Self::Command(words) => {
                let program = words.first().map(|word| check_text(word));
                program.unwrap_or_else(|| Err(Complaint::new("no program", "write [\"program\", \"argument\"]")))?;
                SecretSource::Command(words.clone())
            }
            Self::Keyring(name) => {
                check_text(name)?;
                SecretSource::Keyring(name.clone())
            }
        }))
    }
}

impl SourceText {
    /// The variable of the caller, if it is one.
    pub(crate) fn variable(&self) -> Option<&String> {
        match self {
            Self::Other(SecretSource::Env(name)) => Some(name),
            _ => None,
        }
    }
}

impl SecretUse {
    pub(crate) fn parse(text: &str) -> Result<Self, Complaint> {
        // The characters of a token: RFC 9110, section 5.6.2.
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let part = |text: &str| !text.is_empty() && text.len() <= 256 && text.bytes().all(token);
        match text.split_once(':') {
            Some(("header", name)) if part(name) => Ok(Self::Header(name.to_ascii_lowercase())),
            Some(("query", key)) if part(key) => Ok(Self::Query(key.to_owned())),
            None if text == "basic" => Ok(Self::Basic),
            None if text == "body" => Ok(Self::Body),
            _ => Err(Complaint::new(
                format!("{} is no place in a request", quoted(text)),
                "write \"header:Authorization\", \"query:key\", \"basic\" or \"body\"",
            )),
        }
    }

    /// The place as a policy file writes it.
    pub fn text(&self) -> String {
        match self {
            Self::Header(name) => format!("header:{name}"),
            Self::Query(key) => format!("query:{key}"),
            Self::Basic => "basic".to_owned(),
            Self::Body => "body".to_owned(),
        }
    }
}

/// A host that may get a secret. Encrypted unless somebody writes another port.
pub(crate) fn host(text: &str) -> Result<HostScope, Complaint> {
    let scope = HostScope::parse(text)?;
    let ports = if scope.ports == Ports::Unsaid { Ports::These(vec![443]) } else { scope.ports };
    match scope.hosts {
        Hosts::Name(_) | Hosts::Below(_) => Ok(HostScope { ports, ..scope }),
        Hosts::Every | Hosts::Range(_) => Err(Complaint::new(
            format!("{} is no name that could get a secret", quoted(text)),
            "write the names of its hosts, such as \"api.example.com\" or \"*.example.com\"",
        )),
    }
}

pub(crate) fn name(text: &str) -> Result<(), Complaint> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match !text.is_empty() && text.len() <= 64 && text.bytes().all(fits) {
        true => Ok(()),
        false => Err(Complaint::new(
            format!("{} is no name of a secret", quoted(text)),
            "write letters, digits, `-` and `_`, such as [secrets.github]",
        )),
    }
}

/// Adds the secrets of a layer; one of the same name replaces that of an earlier layer.
pub(crate) fn add(policy: &mut Policy, layer: &Layer, withheld: &mut Vec<Withheld>) {
    for (name, entry) in &layer.policy.secrets {
        let key = format!("secrets.{name}");
        let origin = layer.origin(&key, &entry.at);
        if !layer.kind.is_trusted() {
            withheld.push(Withheld::new(key, NOT_TRUSTED, origin));
            continue;
        }
        let SecretText { from, hosts, place, env } = entry.value.clone();
        let from = match from {
            SourceText::Other(source) => source,
            SourceText::File(path) => match path.resolve(&policy.places) {
                Some(path) => SecretSource::File(path.into()),
                None => {
                    withheld.push(Withheld::new(key, "its file is no absolute path on this system", origin));
                    continue;
                }
            },
        };
        policy.secrets.retain(|secret| secret.name != *name);
        policy.secrets.push(Secret { name: name.clone(), from, hosts, r#in: place, env, origin });
    }
}

/// Keeps the sources from the run: variables do not pass, files are hidden.
pub(crate) fn hide_sources(policy: &mut Policy) {
    for secret in &policy.secrets {
        let origin = secret.origin.clone();
        match &secret.from {
            SecretSource::Env(name) => {
                policy.env.deny.push(EnvPattern { pattern: name.clone().into(), set: None, origin });
            }
            SecretSource::File(path) => {
                let text = DenyText::parse(&path.to_string_lossy()).ok();
                policy.deny.extend(text.and_then(|text| Deny::written(&text, &origin, &policy.places)));
            }
            SecretSource::Command(_) | SecretSource::Keyring(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{TRUSTED, UNTRUSTED, merged};
    use crate::origin::LayerKind::{self, Managed, User};
    use crate::{Access, decide};

    const GITHUB: &str = "[secrets.github]
        from = { env = 'GITHUB_TOKEN' }
        hosts = ['api.github.com', '*.example.com:8443']
        in = 'header:Authorization'";

    #[test]
    fn a_secret_names_its_source_and_never_its_value() {
        let policy = merged(&[(User, GITHUB)]).policy;
        let [secret] = policy.secrets.as_slice() else { panic!("one secret") };
        assert_eq!(secret.from, SecretSource::Env("GITHUB_TOKEN".into()));
        assert_eq!(secret.env.as_deref(), Some("GITHUB_TOKEN"));
        assert_eq!(secret.r#in, SecretUse::Header("authorization".into()));
        let hosts: Vec<String> = secret.hosts.iter().map(ToString::to_string).collect();
        assert_eq!(hosts, ["api.github.com:443", "*.example.com:8443"]);
    }

    #[test]
    fn what_a_secret_comes_from_is_kept_from_the_run() {
        let file = "[secrets.a]\nfrom = { file = '/srv/token' }\nhosts = ['a.example']\nin = 'basic'\nenv = 'A'";
        let open = "env.allow = ['*']\nfiles.read = ['/srv']\n";
        let policy = merged(&[(User, &format!("{open}{GITHUB}\n{file}"))]).policy;
        let caller = ["GITHUB_TOKEN", "OTHER"].map(|name| (name.into(), "value".into()));
        assert_eq!(policy.env.select(caller).iter().filter(|(name, _)| name == "GITHUB_TOKEN").count(), 0);
        assert!(policy.env.verdict("OTHER".as_ref()).allowed);
        assert!(!decide(&policy, Access::Read, "/srv/token".as_ref()).allowed);
        assert!(decide(&policy, Access::Read, "/srv/other".as_ref()).allowed);
    }

    #[test]
    fn a_later_layer_replaces_a_secret_and_a_project_needs_trust() {
        let other = GITHUB.replace("GITHUB_TOKEN", "OTHER");
        let from = |layers: &[(LayerKind, &str)]| {
            let secrets = merged(layers).policy.secrets;
            secrets.iter().map(|secret| secret.from.clone()).collect::<Vec<_>>()
        };
        let env = |name: &str| vec![SecretSource::Env(name.into())];
        assert_eq!(from(&[(User, GITHUB), (UNTRUSTED, &other)]), env("GITHUB_TOKEN"));
        assert_eq!(from(&[(User, GITHUB), (TRUSTED, &other)]), env("OTHER"));
        assert_eq!(from(&[(Managed, GITHUB), (TRUSTED, &other)]), env("GITHUB_TOKEN"));
    }

    #[test]
    fn the_digest_notices_where_a_secret_goes() {
        let digest = |text: &str| merged(&[(User, text)]).policy.digest_input();
        assert_ne!(digest(GITHUB), digest(&GITHUB.replace("api.github.com", "evil.example")));
        assert_ne!(digest(GITHUB), digest(&GITHUB.replace("header:Authorization", "body")));
    }

    #[test]
    fn places_and_hosts_are_checked() {
        for text in ["", "header", "header:", "header:a b", "header:a:b", "cookie", "basic:x", "query:a&b=c\n"] {
            assert!(SecretUse::parse(text).is_err(), "{text:?}");
        }
        for text in ["*", "10.0.0.1", "10.0.0.0/8", "@github", "https://a.example"] {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
