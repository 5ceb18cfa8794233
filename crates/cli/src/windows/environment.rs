//! What the command finds in its environment.

use pinfold_plan::windows::{Network, Plan};

use super::prepare::Prepared;
use crate::error::CliError;

/// Tells a program that it runs inside, and under which profile.
const MARK: &str = "PINFOLD_PROFILE";
/// Tell package managers that there is no network.
const OFFLINE: [&str; 3] = ["CARGO_NET_OFFLINE", "UV_OFFLINE", "npm_config_offline"];
/// What is not asked of the gate.
const OWN_LOOPBACK: &str = "localhost,127.0.0.1,::1";
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

/// The variables of a run.
///
/// # Errors
/// When one that is let in is no text.
pub(super) fn environment(prepared: &Prepared) -> Result<Vec<(String, String)>, CliError> {
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
        Network::Gate { port } => {
            let proxy = |scheme: &str| format!("{scheme}://127.0.0.1:{port}");
            vec![
                ("HTTP_PROXY", proxy("http")),
                ("HTTPS_PROXY", proxy("http")),
                ("ALL_PROXY", proxy("socks5h")),
                ("NO_PROXY", OWN_LOOPBACK.to_owned()),
            ]
        }
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
}
