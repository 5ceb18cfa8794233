//! What there is to say about the network of a run: what was refused, each host once, and what would let it through.

use std::path::Path;

use pinfold_gate::link::{Endpoint, SecretEvent};
use pinfold_policy::{Destination, Policy, Rules, plain};
use pinfold_run::{PublishedPort, RefusedHost, Traffic};
use serde::Serialize;

use crate::error::CliError;

/// How many refused hosts are told one by one.
const HOSTS_TOLD: usize = 8;

/// The port that is meant where only a name was asked for.
const HTTPS: u16 = 443;

/// The same for a caller that asked for JSON.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Summary {
    reached: Vec<String>,
    published: Vec<Published>,
    refused: Vec<Refused>,
    refusals: u64,
    gate_ended_early: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Published {
    port: u16,
    connections: u64,
    bytes_out: u64,
    bytes_in: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Refused {
    host: String,
    port: Option<u16>,
    request: Option<String>,
    program: Option<String>,
    why: String,
    rule: Option<String>,
    hint: Option<String>,
}

pub(crate) fn summary(traffic: &Traffic, policy: &Policy) -> Summary {
    let refused = |Told { refused, hint }: Told<'_>| Refused {
        host: refused.host.clone(),
        port: refused.port,
        request: refused.request.clone(),
        // JSON is text, which a path need not be.
        program: refused.program.as_deref().map(|program| program.to_string_lossy().into_owned()),
        why: refused.reason.clone(),
        rule: refused.rule.as_ref().map(ToString::to_string),
        hint,
    };
    let published = |(port, seen): (&u16, &PublishedPort)| {
        let PublishedPort { connections, bytes_out, bytes_in } = *seen;
        Published { port: *port, connections, bytes_out, bytes_in }
    };
    Summary {
        published: traffic.published.iter().map(published).collect(),
        reached: traffic.reached.iter().map(ToString::to_string).collect(),
        refused: told(traffic, policy).into_iter().map(refused).collect(),
        refusals: traffic.refusals,
        gate_ended_early: traffic.ended_early,
    }
}

/// Says it on standard error.
pub(crate) fn print(traffic: &Traffic, policy: &Policy) {
    let told = told(traffic, policy);
    told.iter().take(HOSTS_TOLD).for_each(|told| eprintln!("{}", notice(told)));
    let more = told.len().saturating_sub(HOSTS_TOLD);
    if more > 0 {
        eprintln!("pinfold: {more} more hosts were refused; --json names them");
    }
    for (name, to, event) in &traffic.secrets {
        let (what, place) = match event {
            SecretEvent::Used => continue,
            SecretEvent::Misplaced { place } => ("its placeholder stood where it must not, in a request to", place),
            SecretEvent::Returned { place } => ("its value stood in an answer of", place),
        };
        let (name, host, place) = (plain(name), plain(&to.host), plain(place));
        eprintln!("pinfold: the secret `{name}` was stopped: {what} {host} ({place})");
    }
    for (budget, limit) in &traffic.budgets {
        eprintln!("pinfold: network.budget.{} ({limit}) was used up; what counts to it was frozen", budget.key());
    }
    if traffic.ended_early {
        eprintln!("pinfold: the gate ended before the run; from then on nothing left or entered");
    }
}

/// A refusal, and the smallest change that would let it through.
struct Told<'a> {
    refused: &'a RefusedHost,
    hint: Option<String>,
}

/// Every host once for each change that it would take. A name alone is not told where a port of it is.
fn told<'a>(traffic: &'a Traffic, policy: &Policy) -> Vec<Told<'a>> {
    let rules = Rules::new(policy);
    let mut told: Vec<Told<'a>> = Vec::new();
    let (ports, names): (Vec<_>, Vec<_>) = traffic.refused.iter().partition(|refused| refused.port.is_some());
    for refused in ports.into_iter().chain(names) {
        let hint = hint(&rules, refused);
        let same = |known: &Told<'_>| {
            known.refused.host == refused.host
                && (refused.port.is_none() || known.hint == hint && known.refused.request == refused.request)
        };
        if !told.iter().any(same) {
            told.push(Told { refused, hint });
        }
    }
    told
}

fn notice(Told { refused, hint }: &Told<'_>) -> CliError {
    let program = refused.program.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
    let program = program.map_or_else(String::new, |program| format!("`{}` to ", plain(&program)));
    let host = refused.host.clone();
    let place = refused.port.map_or(host.clone(), |port| Endpoint { host, port }.to_string());
    let request = refused.request.as_deref().map_or_else(String::new, |request| format!(" ({})", plain(request)));
    let what = format!("refused: {program}{}{request}", plain(&place));
    let notice = CliError::notice(what).why(refused.reason.clone());
    let notice = refused.rule.iter().fold(notice, |notice, rule| notice.rule(rule.to_string()));
    hint.iter().fold(notice, CliError::hint)
}

/// A name that was only asked for has no port yet.
fn hint(rules: &Rules, refused: &RefusedHost) -> Option<String> {
    let name = Destination::parse(&refused.host, HTTPS).ok().filter(|_| refused.port.is_none());
    refused.change.clone().or_else(|| rules.smallest_change(&name?))
}
