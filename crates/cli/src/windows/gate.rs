//! The gate of a run: a process of the user's own at the one port that the firewall leaves to the account.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use pinfold_confine::windows::trusted_authorities;
use pinfold_gate::link::{SocketRole, Start, VERSION};
use pinfold_gate::{Search, pem};
use pinfold_plan::windows::Network;
use pinfold_policy::{Policy, Rules};
use pinfold_run::{Bundle, GateError};

use super::audience::Audience;
use super::prepare::Prepared;
use super::serving::Serving;
use crate::context::Context;
use crate::error::CliError;
use crate::gate::{lend, upstream};

/// Who has the one port that the firewall leaves to the account: many runs without a network, to which nobody answers there,
/// or a single run with rules. Otherwise a run without a network would find the gate of another.
pub(super) struct WayOut(#[expect(dead_code, reason = "it is held, and nothing is done with it")] Option<File>);

impl WayOut {
    pub(super) fn take(prepared: &Prepared) -> Result<Self, CliError> {
        let path = prepared.store.backend().join("way-out");
        let cannot =
            |error: io::Error| CliError::new(format!("{} cannot be locked", path.display())).why(error.to_string());
        let alone = match prepared.plan.network {
            Network::Host => return Ok(Self(None)),
            Network::None => false,
            Network::Gate { .. } => true,
        };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(cannot)?;
        let locked = if alone { file.try_lock() } else { file.try_lock_shared() };
        match locked {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::Error(error)) => Err(cannot(error)),
            Err(TryLockError::WouldBlock) => Err(CliError::new("another run is in the way")
                .why("a run with network rules and one without a network, or two with rules, would share one way out")
                .hint("start it again when the other has ended")),
        }
    }
}

/// What the gate is told, when the plan has one; `ask`: the user answers for hosts that no rule names. Fetches the values of
/// secrets.
pub(super) fn start(prepared: &Prepared, ask: bool) -> Result<Option<Start>, CliError> {
    let Network::Gate { port, inspects } = prepared.plan.network else { return Ok(None) };
    let roots = inspects.then(|| prepared.store.authorities());
    Ok(Some(Start { ask, ..told(&prepared.policy, &prepared.context, port, roots)? }))
}

/// What a gate at this port is told; `roots` says whom the machine trusts, where TLS is opened.
fn told(policy: &Policy, context: &Context, port: u16, roots: Option<PathBuf>) -> Result<Start, CliError> {
    Ok(Start {
        version: VERSION,
        rules: Rules::new(policy),
        secrets: lend(policy, context)?,
        upstream: upstream::of_caller(context)?,
        no_proxy: upstream::exceptions(context),
        ask: false,
        hosts: BTreeMap::new(),
        search: Search::read(""),
        init_pid: None,
        trusted: roots.is_some(),
        roots: roots.into_iter().collect(),
        sockets: vec![SocketRole::ProxyHere { port }],
    })
}

/// Starts the gate, where the plan has one, and waits until it serves. Only who has the way out may: what programs and gate
/// trust is in files that the next run will write anew.
pub(super) fn serve<'a>(
    prepared: &Prepared,
    start: Option<&Start>,
    audience: &'a Audience,
    _way_out: &WayOut,
) -> Result<Option<Serving<'a>>, CliError> {
    let Some(start) = start else { return Ok(None) };
    let bundle = start.trusted.then(|| begin(&prepared.store.authorities(), &prepared.store.trust())).transpose()?;
    let program = std::env::current_exe().map_err(GateError::Start);
    let gate = program.and_then(|program| Serving::start(&program, start, bundle, audience));
    gate.map(Some).map_err(|error| not_served(&error, start))
}

/// Writes down whom this machine trusts, for the gate, and begins with it what programs inside will trust. No store of the
/// machine or the user is changed.
fn begin(authorities: &Path, trust: &Path) -> Result<Bundle, CliError> {
    let cannot = |path: &Path| {
        let shown = format!("{} cannot be written", path.display());
        move |error: io::Error| CliError::new(shown).why(error.to_string())
    };
    let of_machine = trusted_authorities().map_err(|error| CliError::from_error(&error))?;
    if of_machine.is_empty() {
        return Err(CliError::new("this machine trusts no authority")
            .why("where requests are looked at, the gate has to know by whom servers are known")
            .hint("does `certutil -user -store Root` show any?"));
    }
    let text = pem(of_machine);
    std::fs::write(authorities, &text).map_err(cannot(authorities))?;
    let java = trust.with_extension("jks");
    let empty = |path: &Path| File::create(path).map_err(cannot(path));
    Ok(Bundle::new(empty(trust)?, empty(&java)?, text.into_bytes()))
}

fn not_served(error: &GateError, start: &Start) -> CliError {
    let shown = CliError::from_error(error);
    match (error, start.sockets.first()) {
        (GateError::Silent, Some(SocketRole::ProxyHere { port })) => shown
            .why(format!("port {port} of the loopback may be taken by another run or program"))
            .hint("one run with network rules at a time, or another port: `pinfold setup --gate-port PORT`"),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use pinfold_policy::{Layer, LayerKind, merge, parse};

    use super::*;
    use crate::gate::{values, variables};

    fn policy(text: &str, context: &Context) -> Policy {
        let file = parse(text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}"));
        merge(&[Layer::new(LayerKind::User, file)], &context.places()).unwrap().policy
    }

    #[test]
    fn a_gate_is_told_values_which_programs_inside_have_placeholders_for() {
        let context = Context::new(None).unwrap_or_else(|error| panic!("{error}"));
        // Names of variables are the same in any case.
        let secret = "[secrets.token]\nfrom = { env = 'path' }\nhosts = ['a.example']\nin = 'header:authorization'";
        let policy = policy(&format!("network.mode = 'rules'\n{secret}"), &context);
        let start =
            told(&policy, &context, 47300, Some("authorities.pem".into())).unwrap_or_else(|error| panic!("{error}"));
        assert!(start.trusted && start.rules.inspects());
        assert_eq!(start.roots, [PathBuf::from("authorities.pem")]);
        assert_eq!(start.sockets, [SocketRole::ProxyHere { port: 47300 }]);
        let [lent] = &*start.secrets else { panic!("one secret") };
        assert_eq!(Some(&*lent.value), std::env::var("PATH").ok().as_deref());
        let inside: Vec<_> = variables::placeholders(Some(&start)).collect();
        assert_eq!(inside, [("path", &*lent.placeholder)]);
        assert!(lent.placeholder.starts_with("pinfold-token-") && !lent.placeholder.contains(&lent.value));
        assert_eq!(values(Some(&start)), [("token".to_owned(), lent.value.clone())]);
    }

    #[test]
    fn a_secret_without_a_value_is_refused() {
        let context = Context::new(None).unwrap_or_else(|error| panic!("{error}"));
        for from in ["{ env = 'PINFOLD_NOT_SET' }", "{ file = '~/pinfold-not-there' }", "{ keyring = 'token' }"] {
            let secret = format!("[secrets.token]\nfrom = {from}\nhosts = ['a.example']\nin = 'basic'\nenv = 'TOKEN'");
            let policy = policy(&format!("network.mode = 'rules'\n{secret}"), &context);
            let refused = told(&policy, &context, 47300, Some("authorities.pem".into())).unwrap_err();
            assert!(refused.to_string().contains("the secret `token` has no value"), "{refused}");
        }
    }

    #[test]
    fn programs_trust_whom_the_machine_trusts_and_the_gate() {
        let directory = std::env::temp_dir().join(format!("pinfold-trust-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let (authorities, trust) = (directory.join("authorities.pem"), directory.join("trust.pem"));
        // What a run before has left is gone.
        std::fs::write(&trust, "x".repeat(1 << 20)).unwrap();
        let bundle = begin(&authorities, &trust).unwrap_or_else(|error| panic!("{error}"));
        let of_machine = std::fs::read_to_string(&authorities).unwrap();
        assert!(of_machine.starts_with("-----BEGIN CERTIFICATE-----\n"));
        assert_eq!(std::fs::metadata(&trust).unwrap().len(), 0, "nobody is trusted before there is a gate");
        let own = pem([b"the gate's own"]);
        bundle.finish(&own).unwrap();
        let written = std::fs::read_to_string(&trust).unwrap();
        assert_eq!(written, format!("{of_machine}\n{own}"));
        assert!(!std::fs::read_to_string(&authorities).unwrap().contains(&own), "the gate does not trust itself");
        assert_eq!(std::fs::read(trust.with_extension("jks")).unwrap()[..4], [0xfe, 0xed, 0xfe, 0xed]);
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let nowhere = std::env::temp_dir().join(format!("pinfold-nowhere-{}", std::process::id()));
        let there = std::env::temp_dir().join(format!("pinfold-there-{}", std::process::id()));
        for (authorities, trust) in [(nowhere.join("a"), there.clone()), (there.clone(), nowhere.join("t"))] {
            assert!(begin(&authorities, &trust).is_err());
        }
        let _ = std::fs::remove_file(there);
    }
}
