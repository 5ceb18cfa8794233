//! What the command finds in its environment.

use std::path::Path;

use pinfold_gate::link::Start;
use pinfold_plan::windows::{Network, Plan, native};

use super::prepare::Prepared;
use crate::error::CliError;
use crate::gate::variables;

/// Tells a program that it runs inside, and under which profile.
const MARK: &str = "PINFOLD_PROFILE";
/// Tell package managers that there is no network.
const OFFLINE: [&str; 3] = ["CARGO_NET_OFFLINE", "UV_OFFLINE", "npm_config_offline"];
/// Tell programs whose TLS is that of Windows to use files of certificates all the same, as git would not, and not to ask
/// whether one was revoked: a gate that lives as long as a run keeps no list, and that counts as a failure.
const SCHANNEL: [(&str, &str); 6] = [
    ("CARGO_HTTP_CHECK_REVOKE", "false"),
    ("GIT_CONFIG_COUNT", "2"),
    ("GIT_CONFIG_KEY_0", "http.schannelUseSSLCAInfo"),
    ("GIT_CONFIG_VALUE_0", "true"),
    ("GIT_CONFIG_KEY_1", "http.schannelCheckRevoke"),
    ("GIT_CONFIG_VALUE_1", "false"),
];
/// How many settings of git's are variables.
const COUNTED: &str = "GIT_CONFIG_COUNT";
/// How they begin.
const OF_GIT: &str = "GIT_CONFIG_";
/// Without these few programs of Windows start.
const SYSTEM: [&str; 8] = [
    "SystemRoot",
    "SystemDrive",
    "windir",
    "ComSpec",
    "PATHEXT",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
    "OS",
];

/// The variables of a run, whose gate is told what is in `start`.
///
/// # Errors
/// When one that is let in is no text.
pub(super) fn environment(prepared: &Prepared, start: Option<&Start>) -> Result<Vec<(String, String)>, CliError> {
    let callers = || prepared.context.environment.iter();
    let selected = prepared.policy.env.select(callers().cloned());
    let system = callers().filter(|(name, _)| SYSTEM.iter().any(|known| name.eq_ignore_ascii_case(known))).cloned();
    let mut variables = Variables::default();
    for (name, value) in system.chain(selected) {
        let shown = name.to_string_lossy().into_owned();
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => variables.set(&name, value),
            _ => {
                return Err(CliError::new(format!("the variable {shown} is no text"))
                    .hint("unset it, or leave it out of env.allow"));
            }
        }
    }
    private_places(&prepared.plan).into_iter().for_each(|(name, value)| variables.set(name, value));
    network(&prepared.plan).into_iter().for_each(|(name, value)| variables.set(name, value));
    variables.trust(prepared.plan.network, &prepared.store.trust());
    variables::placeholders(start).for_each(|(name, value)| variables.set(name, value.to_owned()));
    variables.set(MARK, prepared.plan.profile.clone());
    Ok(variables.0)
}

/// Home and temporary directory are where the run's own are. What is not there yet programs make.
fn private_places(plan: &Plan) -> Vec<(&'static str, String)> {
    let home = &plan.private_home;
    let below = |rest: &str| format!(r"{home}\{rest}");
    let (drive, path) = home.split_at_checked(2).unwrap_or_default();
    vec![
        ("USERPROFILE", home.clone()),
        ("HOME", home.clone()),
        ("HOMEDRIVE", drive.to_owned()),
        ("HOMEPATH", path.to_owned()),
        ("APPDATA", below(r"AppData\Roaming")),
        ("LOCALAPPDATA", below(r"AppData\Local")),
        ("TEMP", plan.private_temp.clone()),
        ("TMP", plan.private_temp.clone()),
    ]
}

/// Proxies of a gate in the spelling that all programs read, as names are the same in any case; or that there is nothing.
fn network(plan: &Plan) -> Vec<(&'static str, String)> {
    match plan.network {
        Network::Host => Vec::new(),
        Network::None => OFFLINE.map(|name| (name, "true".to_owned())).to_vec(),
        Network::Gate { port, .. } => variables::proxies(port).to_vec(),
    }
}

/// Of names that differ only in case the last one counts.
#[derive(Default)]
struct Variables(Vec<(String, String)>);

impl Variables {
    fn set(&mut self, name: &str, value: String) {
        self.0.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self.0.push((name.to_owned(), value));
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(present, _)| present.eq_ignore_ascii_case(name))
    }

    /// Whom programs trust where TLS is opened, whatever the caller has under these names: nobody there knows the gate, and
    /// nothing can be laid over a file here.
    fn trust(&mut self, network: Network, bundle: &Path) {
        let Network::Gate { inspects: true, .. } = network else { return };
        variables::trust(&native(bundle)).into_iter().for_each(|(name, value)| self.set(name, value));
        // What is counted belongs together.
        let counted = self.has(COUNTED);
        for (name, value) in SCHANNEL {
            if !(self.has(name) || counted && name.starts_with(OF_GIT)) {
                self.set(name, value.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = r"C:\state\trust\trust.pem";

    fn trusting(network: Network, before: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::default();
        before.iter().for_each(|(name, value)| variables.set(name, (*value).to_owned()));
        variables.trust(network, Path::new("C:/state/trust/trust.pem"));
        variables
    }

    fn value<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
        variables.0.iter().find(|(present, _)| present == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn where_tls_is_opened_programs_learn_whom_to_trust() {
        let variables = trusting(Network::Gate { port: 1, inspects: true }, &[]);
        for name in
            ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO"]
        {
            assert_eq!(value(&variables, name), Some(BUNDLE), "{name}");
        }
        assert_eq!(value(&variables, "GIT_CONFIG_COUNT"), Some("2"));
        assert_eq!(value(&variables, "CARGO_HTTP_CHECK_REVOKE"), Some("false"));
    }

    #[test]
    fn where_it_is_not_nothing_is_said_of_it() {
        for network in [Network::Gate { port: 1, inspects: false }, Network::Host, Network::None] {
            assert!(trusting(network, &[]).0.is_empty());
        }
    }

    #[test]
    fn authorities_of_the_caller_give_way_and_settings_of_git_do_not() {
        let before = [("Ssl_Cert_File", "own.pem"), ("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "user.name")];
        let variables = trusting(Network::Gate { port: 1, inspects: true }, &before);
        assert_eq!((value(&variables, "Ssl_Cert_File"), value(&variables, "SSL_CERT_FILE")), (None, Some(BUNDLE)));
        assert_eq!(value(&variables, "GIT_CONFIG_COUNT"), Some("1"));
        assert_eq!(value(&variables, "GIT_CONFIG_KEY_0"), Some("user.name"));
        for name in ["GIT_CONFIG_VALUE_0", "GIT_CONFIG_KEY_1", "GIT_CONFIG_VALUE_1"] {
            assert_eq!(value(&variables, name), None, "{name}");
        }
    }
}
