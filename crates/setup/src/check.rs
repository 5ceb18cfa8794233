//! Telling how the machine differs from what is wanted, without changing it.

use crate::error::SetupError;
use crate::look::{Look, Scene};
use crate::machine::{Fault, LocalRules, Machine, Network};
use crate::marker::Known;
use crate::thing::Thing;
use crate::wanted::Wanted;

/// How far setup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing of it is there.
    Absent,
    /// Everything is there, as far as it could be seen.
    Complete,
    /// Something is there, but not all as it should be.
    Incomplete,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub thing: String,
    /// How it is.
    pub how: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How far setup is.
    pub state: State,
    /// What is not as it should be.
    pub differences: Vec<Difference>,
    /// What this process may not look at, which administrators may.
    pub unseen: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
}

/// Looks at everything and changes nothing.
///
/// # Errors
/// When something cannot be looked at for another reason than missing rights.
pub fn check<M: Machine>(machine: &M, wanted: &Wanted) -> Result<Checked, SetupError> {
    let known = Known::read(machine, &wanted.directory).or_else(nothing_if_denied);
    let known = known.map_err(SetupError::at(Thing::Marker))?;
    let scene = Scene { machine, wanted, known: &known };
    let mut checked = Checked { state: State::Absent, differences: Vec::new(), unseen: Vec::new(), notes: Vec::new() };
    let mut is_anything_there = false;
    let former = scene.former_sids().map_err(SetupError::at("earlier accounts"))?;
    for thing in Thing::all(former) {
        let how = match scene.look(&thing) {
            Err(fault) if fault.is_denied() => {
                checked.unseen.push(thing.to_string());
                continue;
            }
            Err(fault) => return Err(SetupError::at(thing)(fault)),
            Ok(Look::Missing) => "it is missing".to_owned(),
            // That nothing is left over says nothing of what is there.
            Ok(Look::Right) => {
                is_anything_there |= !matches!(thing, Thing::OtherRules | Thing::Former(_));
                continue;
            }
            Ok(Look::Different(how)) => {
                is_anything_there = true;
                how
            }
            Ok(Look::Foreign(how)) => format!("it was not made by pinfold: {how}"),
        };
        checked.differences.push(Difference { thing: thing.to_string(), how });
    }
    checked.notes = notes(machine)?;
    checked.state = match (checked.differences.is_empty(), is_anything_there) {
        (true, _) => State::Complete,
        (false, true) => State::Incomplete,
        (false, false) => State::Absent,
    };
    Ok(checked)
}

/// What may not be looked at says nothing of what is ours.
fn nothing_if_denied(fault: Fault) -> Result<Known, Fault> {
    if fault.is_denied() { Ok(Known::of(None)) } else { Err(fault) }
}

/// What the firewall does besides.
pub(crate) fn notes(machine: &impl Network) -> Result<Vec<String>, SetupError> {
    let policy = machine.policy().map_err(SetupError::at("the policy of the firewall"))?;
    let off = policy.off.iter().map(|profile| {
        format!("the firewall is off in the {profile} profile: there the filters alone keep commands from the network")
    });
    let inward = (policy.local_rules == LocalRules::CountOutward)
        .then(|| "the firewall lets nothing in, whatever its rules say".to_owned());
    Ok(off.chain(inward).collect())
}
