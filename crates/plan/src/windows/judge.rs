//! What a command could do with a file that is there, by the model of Windows' decision: with the token of a plan, and with
//! access lists as they will be once the plan's edits are made.

use pinfold_acl::{self as acl, Access, Child, Denied, Descriptor, Group, Sid, check, renewed};

use super::{Edit, Identity, Machine, Plan};

/// A directory on the way to a file, or the file itself, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its path, as the plan spells it.
    pub path: String,
    /// What it is.
    pub child: Child,
    /// Whose it is, and who may do what.
    pub descriptor: Descriptor,
}

/// Whether the plan's command gets these rights to the last of some steps, of which each is in the one before. `writing` is
/// what counts as writing ([`acl::Restriction`]).
///
/// # Errors
/// Which rights are missing, and what says no.
pub fn judge(plan: &Plan, machine: &Machine, way: &[Step], wanted: Access, writing: Access) -> Result<(), Denied> {
    let token = plan.token.taken_from(&whose(plan, machine), writing);
    let descriptor = way.iter().fold(None, |above, step| Some(prepared(plan, step, above.as_ref())));
    descriptor.map_or(Ok(()), |(descriptor, _)| check(&token, &descriptor, wanted).map(drop))
}

/// The token that the command's is taken from.
fn whose(plan: &Plan, machine: &Machine) -> acl::Token {
    let everybody = [Sid::EVERYONE, Sid::USERS];
    let (user, groups): (&Sid, Vec<Sid>) = match (plan.identity, &machine.accounts) {
        (Identity::Offline, Some(accounts)) => (&accounts.offline, vec![accounts.group.clone()]),
        (Identity::Online, Some(accounts)) => (&accounts.online, vec![accounts.group.clone()]),
        _ => (&machine.user, machine.groups.clone()),
    };
    let groups = groups.into_iter().chain(everybody).map(Group::enabled);
    groups.fold(acl::Token::new(user.clone()), acl::Token::with_group)
}

/// A descriptor after the edits, and whether it is another one. Below one that is, what is there inherits anew.
fn prepared(plan: &Plan, step: &Step, above: Option<&(Descriptor, bool)>) -> (Descriptor, bool) {
    let mut descriptor = step.descriptor.clone();
    let own: Vec<Edit> = plan.edits.iter().filter(|edit| edit.path == step.path).cloned().collect();
    for edit in &own {
        let edit = if step.child == Child::File { edit.clone().for_file() } else { edit.clone() };
        descriptor.dacl = descriptor.dacl.as_ref().map(|list| edit.added_to(list));
        descriptor.label = edit.label.or(descriptor.label);
    }
    let Some((above, true)) = above else { return (descriptor, !own.is_empty()) };
    if descriptor.label.is_none_or(|label| label.inherit.inherited) {
        descriptor.label = above.label.and_then(|label| label.inherited(step.child));
    }
    if let (false, Some(list), Some(from)) = (descriptor.protected, &descriptor.dacl, &above.dacl) {
        descriptor.dacl = Some(renewed(list, from, step.child, &descriptor.owner, &descriptor.group));
    }
    (descriptor, true)
}
