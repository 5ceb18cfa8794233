//! What the user gives to a run while it goes on, and takes back.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pinfold_confine::linux::given::{Namespaces, Shown};
use pinfold_plan::{Identity, Plan, Watch};
use pinfold_policy::Rules;

use crate::control::{Grant, Outcome, Refusal, Wish};
use crate::linux::audience::Audience;
use crate::linux::control::Asked;
use crate::linux::gate::GateProcess;
use crate::linux::refused::{Refused, Wanted};
use crate::linux::watch::Lookout;

/// Where programs inside find the variables that were given to the run, as a shell reads them; `BASH_ENV` names it.
pub const VARIABLES: &str = "/.pinfold/given/env";

/// Most things that a run is given at a time.
const GIVEN_MAX: usize = 64;

/// Who knows the policy: says whether a run may have something, and how it would be from the beginning.
pub trait Granter {
    /// Where a path leads. A link that the run itself could have made leads nowhere.
    ///
    /// # Errors
    /// Why it leads nowhere.
    fn meant(&self, path: &Path) -> Result<PathBuf, Refusal>;

    /// Whether a place of the host, without links, could be given, as far as that can be said without a look at what is in it.
    ///
    /// # Errors
    /// Why it cannot be.
    fn may_place(&self, at: &Path, write: bool) -> Result<(), Refusal>;

    /// The plan for a run that had this place of the host, without links, from its beginning. Before this returns, what a killed
    /// supervisor must have remembered of it is written down.
    ///
    /// # Errors
    /// Why it cannot be.
    fn place(&mut self, at: &Path, write: bool) -> Result<Plan, Refusal>;

    /// The rules of the network with these hosts.
    ///
    /// # Errors
    /// Why they cannot be.
    fn rules(&mut self, hosts: &[&str]) -> Result<Rules, Refusal>;

    /// A variable.
    ///
    /// # Errors
    /// Why it cannot be.
    fn variable(&mut self, name: &str) -> Result<(), Refusal>;
}

/// Everything that a run was given.
pub(crate) struct Grants<'a> {
    granter: &'a mut dyn Granter,
    /// Who the run's commands are.
    identity: Identity,
    given: Vec<Given>,
    values: BTreeMap<String, String>,
    /// What the gate has been told and has not said that it counts.
    unconfirmed: VecDeque<(Option<Asked>, Change)>,
}

/// Something that the run has.
#[derive(Debug)]
struct Given {
    grant: Grant,
    until: Option<Instant>,
    /// What is mounted, if something is; the last of them lies on the others, of which the user has taken back each.
    shown: Vec<Shown>,
}

/// What is told once the gate has confirmed it.
#[derive(Debug)]
enum Change {
    Given { grant: Grant, for_ms: Option<u64> },
    Taken { grant: Grant, over: bool },
}

/// What is changed.
pub(crate) struct Sandbox<'a> {
    pub(crate) namespaces: Option<&'a Namespaces>,
    pub(crate) gate: Option<&'a GateProcess>,
    pub(crate) lookout: &'a mut Lookout,
}

impl<'a> Grants<'a> {
    pub(crate) fn new(granter: &'a mut dyn Granter, identity: Identity) -> Self {
        Self { granter, identity, given: Vec::new(), values: BTreeMap::new(), unconfirmed: VecDeque::new() }
    }

    /// What would let a refused path through; nothing where a rule says no, and where the run has been given that. Where it lies
    /// in what was given to be written, that does not let it through, which the policy does not know.
    pub(crate) fn still_missing(&self, refused: &mut Refused) -> Option<Grant> {
        let given = || self.given.iter().map(|given| &given.grant);
        let around = |grant: &&Grant| match grant {
            Grant::Write { path } => refused.path.starts_with(path),
            Grant::Read { path } => refused.wanted == Wanted::Write && refused.path.starts_with(path),
            _ => false,
        };
        if let Some(around) = given().filter(around).max_by_key(|grant| matches!(grant, Grant::Write { .. })) {
            let but = match around {
                Grant::Write { .. } => "where it is protected, or can be neither replaced nor removed",
                _ => "and not to be written",
            };
            refused.verdict.why = format!("the run was given {}, {but}", around.words());
            refused.verdict.rule = None;
        }
        refused.grant().filter(|grant| !given().any(|given| given.covers(grant)) && self.may_be_given(grant))
    }

    fn may_be_given(&self, grant: &Grant) -> bool {
        let (path, write) = match grant {
            Grant::Read { path } => (Path::new(path), false),
            Grant::Write { path } => (Path::new(path), true),
            Grant::Connect { .. } | Grant::Env { .. } => return true,
        };
        self.granter.meant(path).is_ok_and(|meant| meant == path)
            && self.refuse_to_cover(grant).is_ok()
            && self.granter.may_place(path, write).is_ok()
    }

    /// How long until something has to be taken back.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        let until = self.given.iter().filter_map(|given| given.until).min()?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Carries one wish out.
    pub(crate) fn carry_out(&mut self, asked: Asked, sandbox: &mut Sandbox<'_>, audience: &mut Audience<'_>) {
        let done = match asked.wish.clone() {
            Wish::Grant { grant, value, for_ms, itself } => self.meant(&grant).and_then(|meant| {
                if itself && meant != grant {
                    let why = format!("it leads elsewhere by now: to {}", meant.words());
                    return Err(Refusal::new(cannot(&grant), why).hint("name that place itself, if it is meant"));
                }
                let grant = meant;
                let notes = self.give(&grant, value, for_ms, sandbox)?;
                Ok((notes, Change::Given { grant, for_ms }))
            }),
            Wish::Revoke { grant } => {
                // What has gone since is taken back by its name.
                let grant = self.meant(&grant).unwrap_or(grant);
                self.take(&grant, sandbox).map(|(notes, with_it)| {
                    with_it.into_iter().for_each(|grant| audience.revoked(&grant, false));
                    (notes, Change::Taken { grant, over: false })
                })
            }
        };
        match done {
            Ok((_, change)) if change.is_the_gates() => self.unconfirmed.push_back((Some(asked), change)),
            Ok((notes, change)) => {
                audience.reply(&asked, Outcome::Done { grant: change.grant().clone(), notes });
                change.tell(audience);
            }
            Err(refusal) => {
                if let Wish::Grant { grant, .. } = &asked.wish {
                    audience.recorder.granted(grant, false, format!("not given: {}", refusal.what));
                }
                audience.reply(&asked, Outcome::Refused(refusal));
            }
        }
    }

    /// The gate has said so many times that its last rules count.
    pub(crate) fn confirm(&mut self, times: usize, audience: &mut Audience<'_>) {
        for (asked, change) in self.unconfirmed.drain(..times.min(self.unconfirmed.len())) {
            let done = Outcome::Done { grant: change.grant().clone(), notes: Vec::new() };
            asked.iter().for_each(|asked| audience.reply(asked, done.clone()));
            change.tell(audience);
        }
    }

    /// Takes back what the run has had for long enough. What cannot be is tried again a second later.
    pub(crate) fn end_leases(&mut self, sandbox: &mut Sandbox<'_>, audience: &mut Audience<'_>) {
        let now = Instant::now();
        let over = |given: &&Given| given.until.is_some_and(|until| until <= now);
        let over: Vec<Grant> = self.given.iter().filter(over).map(|given| given.grant.clone()).collect();
        for grant in over {
            let change = Change::Taken { grant: grant.clone(), over: true };
            match self.take(&grant, sandbox) {
                Ok(_) if change.is_the_gates() => self.unconfirmed.push_back((None, change)),
                Ok((_, with_it)) => {
                    with_it.into_iter().for_each(|grant| audience.revoked(&grant, true));
                    change.tell(audience);
                }
                Err(_) => {
                    let again = self.given.iter_mut().filter(|given| given.grant == grant);
                    again.for_each(|given| given.until = Some(now + Duration::from_secs(1)));
                }
            }
        }
    }

    /// The same with the path that is meant.
    fn meant(&self, grant: &Grant) -> Result<Grant, Refusal> {
        let Some(path) = grant.path() else { return Ok(grant.clone()) };
        let meant = self.granter.meant(path)?;
        let meant = meant.to_str().ok_or_else(|| Refusal::new(cannot(grant), "it is not Unicode"))?;
        Ok(grant.clone().at(meant.to_owned()))
    }

    fn give(
        &mut self,
        grant: &Grant,
        value: Option<String>,
        for_ms: Option<u64>,
        sandbox: &mut Sandbox<'_>,
    ) -> Result<Vec<String>, Refusal> {
        let until = for_ms.map(|ms| Instant::now() + Duration::from_millis(ms));
        if let Some(given) = self.given.iter_mut().find(|given| given.grant == *grant) {
            if let (Grant::Env { name }, Some(value)) = (grant, value) {
                self.values.insert(name.clone(), value);
                note(self.identity, &self.values, sandbox)?;
            }
            given.until = until;
            return Ok(vec!["it was granted before; its time is now counted anew".to_owned()]);
        }
        if self.given.len() >= GIVEN_MAX {
            return Err(Refusal::new(cannot(grant), format!("{GIVEN_MAX} things are granted to this run already"))
                .hint("take something back: pinfold revoke"));
        }
        self.refuse_to_cover(grant)?;
        if let Grant::Read { path } = grant
            && self.given.iter().any(|given| given.grant == Grant::Write { path: path.clone() })
        {
            return Err(Refusal::new(cannot(grant), "it may be written already, which lets it be read"));
        }
        let shown = match grant {
            Grant::Read { path } => Some(self.show(Path::new(path), false, sandbox)?),
            Grant::Write { path } => Some(self.show(Path::new(path), true, sandbox)?),
            Grant::Connect { to } => {
                let hosts: Vec<String> = self.hosts().map(str::to_owned).chain([to.clone()]).collect();
                self.rule(&hosts, grant, sandbox)?;
                None
            }
            Grant::Env { name } => {
                self.granter.variable(name)?;
                let value = value.ok_or_else(|| Refusal::new(cannot(grant), "it has no value"))?;
                self.values.insert(name.clone(), value);
                note(self.identity, &self.values, sandbox).inspect_err(|_| drop(self.values.remove(name)))?;
                None
            }
        };
        self.given.push(Given { grant: grant.clone(), until, shown: shown.into_iter().collect() });
        let reach = "each bash that starts inside from now on knows it, and so does what that starts; others do not";
        Ok(matches!(grant, Grant::Env { .. }).then(|| reach.to_owned()).into_iter().collect())
    }

    /// What would lie over something that was granted further down would take it away, and keep it when that is revoked.
    fn refuse_to_cover(&self, grant: &Grant) -> Result<(), Refusal> {
        let Some(path) = grant.path() else { return Ok(()) };
        let covered = |given: &&Given| given.grant.path().is_some_and(|inner| inner != path && inner.starts_with(path));
        match self.given.iter().find(covered) {
            Some(given) => {
                Err(Refusal::new(cannot(grant), format!("`{}` was granted, and lies in it", given.grant.words()))
                    .hint(format!("first: pinfold revoke SESSION {}", given.grant.words())))
            }
            None => Ok(()),
        }
    }

    fn show(&mut self, at: &Path, write: bool, sandbox: &mut Sandbox<'_>) -> Result<Shown, Refusal> {
        let namespaces = namespaces(sandbox)?;
        let plan = self.granter.place(at, write)?;
        let failed = |why: String| Refusal::new(format!("{} cannot be shown inside", at.display()), why);
        let new: Vec<Watch> = plan.watch.iter().filter(|watch| watch.directory.starts_with(at)).cloned().collect();
        // First: what would execute outside is noticed from the first moment on.
        sandbox.lookout.add(&new).map_err(|error| failed(format!("what appears there cannot be watched: {error}")))?;
        namespaces.show(&plan, at).map_err(|error| failed(error.to_string()))
    }

    /// Takes something back; gives what there is to say about it, and what has gone with it: whatever was granted in a
    /// place afterwards lies on it.
    fn take(&mut self, grant: &Grant, sandbox: &mut Sandbox<'_>) -> Result<(Vec<String>, Vec<Grant>), Refusal> {
        let index = self.given.iter().position(|given| given.grant == *grant).ok_or_else(|| self.not_given(grant))?;
        let (mut notes, mut with_it) = (Vec::new(), Vec::new());
        match grant {
            Grant::Read { .. } | Grant::Write { .. } => match self.above(index) {
                Some(above) => {
                    let under = std::mem::take(&mut self.given[index].shown);
                    self.given[above].shown.splice(0..0, under);
                    notes.push(format!("`{}` is granted still", self.given[above].grant.words()));
                }
                None => {
                    with_it = self.take_below(index, sandbox)?;
                    let index = self.given.iter().position(|given| given.grant == *grant).unwrap_or(index);
                    notes.extend(self.take_place(index, sandbox)?);
                }
            },
            Grant::Connect { to } => {
                let hosts: Vec<String> = self.hosts().filter(|host| host != to).map(str::to_owned).collect();
                self.rule(&hosts, grant, sandbox)?;
            }
            Grant::Env { name } => {
                let mut others = self.values.clone();
                others.remove(name);
                note(self.identity, &others, sandbox)?;
                self.values = others;
                notes.push("programs that have started keep it".to_owned());
            }
        }
        self.given.retain(|given| given.grant != *grant);
        Ok((notes, with_it))
    }

    fn not_given(&self, grant: &Grant) -> Refusal {
        let given: Vec<String> = self.given.iter().map(|given| given.grant.words()).collect();
        let why = match given.is_empty() {
            true => "nothing is granted to this run that it did not have from its beginning".to_owned(),
            false => format!("granted while it went on: {}", given.join(", ")),
        };
        Refusal::new(format!("`{}` cannot be taken back", grant.words()), why)
            .hint("what the policy gives a run from its beginning, it has until its end")
    }

    /// What was granted for the same place afterwards.
    fn above(&self, index: usize) -> Option<usize> {
        let path = self.given[index].grant.path();
        (index + 1..self.given.len()).find(|other| self.given[*other].grant.path() == path)
    }

    /// The topmost mount first: of several that lie on one another, the kernel takes that one away.
    fn take_place(&mut self, index: usize, sandbox: &Sandbox<'_>) -> Result<Option<String>, Refusal> {
        let Given { grant, shown, .. } = &mut self.given[index];
        let failed = |error| Refusal::new(format!("`{}` cannot be taken back", grant.words()), format!("{error}"));
        let mut written = false;
        while let Some(top) = shown.last() {
            written |= namespaces(sandbox)?.take_back(self.identity, top).map_err(failed)?;
            shown.pop();
        }
        Ok(written.then(|| {
            "some program has a file open there for writing, and keeps that until it closes it, or ends".to_owned()
        }))
    }

    /// What was granted in a place is taken back with it, wherever it lies by now.
    fn take_below(&mut self, index: usize, sandbox: &Sandbox<'_>) -> Result<Vec<Grant>, Refusal> {
        let Some(path) = self.given[index].grant.path().map(Path::to_owned) else { return Ok(Vec::new()) };
        let lies_in = |given: &Given| given.grant.path().is_some_and(|inner| inner != path && inner.starts_with(&path));
        let mut taken = Vec::new();
        while let Some(inner) = self.given.iter().rposition(lies_in) {
            self.take_place(inner, sandbox)?;
            taken.push(self.given.remove(inner).grant);
        }
        Ok(taken)
    }

    fn hosts(&self) -> impl Iterator<Item = &str> {
        self.given.iter().filter_map(|given| match &given.grant {
            Grant::Connect { to } => Some(to.as_str()),
            _ => None,
        })
    }

    fn rule(&mut self, hosts: &[String], grant: &Grant, sandbox: &Sandbox<'_>) -> Result<(), Refusal> {
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let rules = self.granter.rules(&hosts)?;
        let gate = sandbox.gate.ok_or_else(|| Refusal::new(cannot(grant), "this run has no gate"))?;
        gate.rule(rules).map_err(|error| Refusal::new(cannot(grant), format!("the gate does not listen: {error}")))
    }
}

impl Change {
    /// Whether the gate says when it counts.
    fn is_the_gates(&self) -> bool {
        matches!(self.grant(), Grant::Connect { .. })
    }

    fn grant(&self) -> &Grant {
        let (Self::Given { grant, .. } | Self::Taken { grant, .. }) = self;
        grant
    }

    fn tell(self, audience: &mut Audience<'_>) {
        match self {
            Self::Given { grant, for_ms } => audience.granted(&grant, for_ms),
            Self::Taken { grant, over } => audience.revoked(&grant, over),
        }
    }
}

fn cannot(grant: &Grant) -> String {
    format!("`{}` cannot be granted", grant.words())
}

fn namespaces<'s>(sandbox: &Sandbox<'s>) -> Result<&'s Namespaces, Refusal> {
    sandbox.namespaces.ok_or_else(|| {
        Refusal::new("this run can be given no more", "without user namespaces what it may reach is fixed at its start")
            .hint("end it, and start it with what it needs")
    })
}

/// Writes down, inside, all variables that the run was given.
fn note(identity: Identity, values: &BTreeMap<String, String>, sandbox: &Sandbox<'_>) -> Result<(), Refusal> {
    let line = |(name, value): (&String, &String)| format!("export {name}='{}'\n", value.replace('\'', r"'\''"));
    let text: String = values.iter().map(line).collect();
    let failed = |error| Refusal::new(format!("{VARIABLES} cannot be written inside"), format!("{error}"));
    namespaces(sandbox)?.note(identity, Path::new(VARIABLES), &text).map_err(failed)
}
