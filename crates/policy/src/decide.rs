//! A policy and a path become a verdict, with the rule that decided and the smallest change that would allow it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ceiling::List;
use crate::deny::{Deny, DenyMatcher};
use crate::files::Place;
use crate::hint;
use crate::origin::{LayerKind, Rule};
use crate::paths::{self, below, folded, normal_text};
use crate::policy::Policy;
use crate::protect::{Location, Protect};
use crate::territory::{Area, AreaKind, Territory};

/// What is wanted of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read or list.
    Read,
    /// Create, change, rename or remove.
    Write,
    /// Execute.
    Exec,
}

/// What the run meets at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The host's own file.
    Host,
    /// Something of the sandbox's own: home, temp, `/proc`, a value that the policy sets.
    Private,
    /// The host's file to read; writes stay in a private layer.
    CopyOnWrite,
    /// Hidden by a denial.
    Hidden,
    /// A copy with placeholders for values, read-only; if the file is none that can be masked, it is hidden.
    Masked,
    /// Writable around it, but protected.
    Protected,
    /// Visible, not writable.
    ReadOnly,
    /// Not there.
    Absent,
}

/// The answer to a request, in the words that every front end renders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    /// Is it allowed?
    pub allowed: bool,
    /// What the run meets.
    pub effect: Effect,
    /// Why, as a clause.
    pub why: String,
    /// The rule that decided.
    pub rule: Option<Rule>,
    /// The smallest change that would allow it.
    pub hint: Option<String>,
}

impl Verdict {
    pub(crate) fn allow(effect: Effect, why: &str, rule: Option<Rule>) -> Self {
        Self { allowed: true, effect, why: why.to_owned(), rule, hint: None }
    }

    fn refuse(effect: Effect, why: String, rule: Option<Rule>, hint: Option<String>) -> Self {
        Self { allowed: false, effect, why, rule, hint }
    }
}

/// Judges one access. For many, make a [`Decider`] once.
///
/// Purely lexical: the path is absolute, and symbolic links in it are already resolved.
pub fn decide(policy: &Policy, access: Access, path: &Path) -> Verdict {
    Decider::new(policy).decide(access, path)
}

impl Policy {
    /// Whether an area that a person has opened for writing is protected all the same: it lies in something that is protected
    /// wherever it is opened.
    pub fn protects(&self, area: &Area) -> bool {
        area.kind == AreaKind::Write
            && !self.stages(&area.path)
            && self.protection(&paths::lossy(&area.path), area).is_some()
    }

    /// Whether what is written there waits in a stage: in the workspace, where one is wanted.
    pub fn stages(&self, path: &Path) -> bool {
        self.stage.value && path.starts_with(&self.places.workspace)
    }

    /// The protection that covers a path of a writable area; the strongest layer's first.
    fn protection(&self, path: &str, area: &Area) -> Option<&Protect> {
        let fold = self.places.platform.folds_case();
        let path = folded(path, fold);
        let (workspace, place) = (self.places.workspace_text(), area.path.to_string_lossy());
        let (workspace, place) = (folded(&workspace, fold), folded(&place, fold));
        let location = Location {
            in_workspace: below(&path, &workspace).map(Into::into),
            in_place: below(&path, &place).unwrap_or_default().into(),
            whole: (*path).into(),
            fold,
        };
        let covering = self.protect.iter().filter(|protect| protect.covers(&location));
        covering.max_by_key(|protect| protect.origin.layer.rank())
    }
}

/// A policy made ready to judge many accesses.
#[derive(Debug, Clone)]
pub struct Decider<'p> {
    policy: &'p Policy,
    matcher: DenyMatcher,
    territory: &'p Territory,
}

impl<'p> Decider<'p> {
    /// A decider for a policy.
    pub fn new(policy: &'p Policy) -> Self {
        Self { policy, matcher: DenyMatcher::new(policy), territory: policy.territory() }
    }

    /// Judges one access.
    pub fn decide(&self, access: Access, path: &Path) -> Verdict {
        let Some(text) = normal_text(&path.to_string_lossy(), self.policy.places.platform) else {
            let why = "it is not an absolute path without `..`".to_owned();
            return Verdict::refuse(Effect::Absent, why, None, None);
        };
        let area = self.territory.at(&text);
        if let Some(mask) = self.matcher.mask(Path::new(&text)) {
            return match area {
                Some(area) if area.kind != AreaKind::Private => masked(access, mask),
                Some(area) => self.private(access, &text, area),
                None => self.outside(access, &text),
            };
        }
        // Whether the path is a directory is not known here, so a denial of directories counts for it.
        if let Some((hidden, deny)) = self.matcher.covering(Path::new(&text), true) {
            return self.hidden(access, &text, &hidden.to_string_lossy(), deny);
        }
        let Some(area) = area else { return self.outside(access, &text) };
        match (area.kind, access) {
            (AreaKind::Private, _) => self.private(access, &text, area),
            (AreaKind::Read, Access::Write) => self.read_only(&text, area),
            (AreaKind::Write, Access::Write) => self.write(&text, area),
            (AreaKind::CopyOnWrite, Access::Write) => {
                Verdict::allow(Effect::CopyOnWrite, "it is copied on write; the host keeps its own", area.rule())
            }
            (AreaKind::Read, _) => Verdict::allow(Effect::ReadOnly, "it is visible, read-only", area.rule()),
            (AreaKind::CopyOnWrite, _) => Verdict::allow(Effect::CopyOnWrite, "it is visible", area.rule()),
            (AreaKind::Write, _) => Verdict::allow(Effect::Host, "it is visible", area.rule()),
        }
    }

    fn hidden(&self, access: Access, path: &str, hidden: &str, deny: &Deny) -> Verdict {
        let rule = Some(deny.rule());
        if deny.origin.layer == LayerKind::Managed {
            let why = format!("the managed policy ({}) forbids it", deny.origin.place());
            return Verdict::refuse(Effect::Hidden, why, rule, None);
        }
        // An exception is no help where a ceiling keeps the path out anyway.
        let reachable =
            self.territory.at(path).is_some() || self.policy.fits_ceilings(list_for(access), Path::new(path));
        let hint = hint::except("deny", hidden, &self.policy.places).filter(|_| reachable);
        Verdict::refuse(Effect::Hidden, "a denied path is hidden from the run".to_owned(), rule, hint)
    }

    fn private(&self, access: Access, path: &str, area: &Area) -> Verdict {
        if area.place == Some(Place::PrivateHome) && access != Access::Write && !self.territory.leads_somewhere(path) {
            return self.not_granted(List::Read, path, "the run has a home of its own, and this is not in it", None);
        }
        let why = match area.place {
            Some(Place::PrivateHome) => "the run has a home of its own",
            Some(_) => "the run has temporary directories of its own",
            None => "the sandbox has one of its own",
        };
        Verdict::allow(Effect::Private, why, area.rule())
    }

    fn read_only(&self, path: &str, area: &Area) -> Verdict {
        let mut verdict = self.not_granted(List::Write, path, "it is visible, but read-only", area.rule());
        verdict.effect = Effect::ReadOnly;
        verdict
    }

    fn write(&self, path: &str, area: &Area) -> Verdict {
        if self.policy.stages(&area.path) {
            return Verdict::allow(Effect::CopyOnWrite, "it waits in the stage until it is taken over", area.rule());
        }
        match self.policy.protection(path, area) {
            Some(protect) => self.protected(protect),
            None => Verdict::allow(Effect::Host, "it is writable", area.rule()),
        }
    }

    fn protected(&self, protect: &Protect) -> Verdict {
        let managed = protect.origin.layer == LayerKind::Managed;
        let why = match managed {
            true => format!("the managed policy ({}) forbids it: {}", protect.origin.place(), protect.why),
            false => format!("it is protected: {}", protect.why),
        };
        let hint = hint::exception("protect", &protect.text(), &self.policy.places).filter(|_| !managed);
        Verdict::refuse(Effect::Protected, why, Some(protect.rule()), hint)
    }

    fn outside(&self, access: Access, path: &str) -> Verdict {
        if access != Access::Write && self.territory.leads_somewhere(path) {
            return Verdict::allow(
                Effect::Private,
                "an empty directory of the sandbox's own on the way to others",
                None,
            );
        }
        self.not_granted(list_for(access), path, "it is not visible inside", None)
    }

    /// Refuses, with a hint unless the managed policy would not let it work.
    fn not_granted(&self, list: List, path: &str, why: &str, rule: Option<Rule>) -> Verdict {
        let ceiling =
            self.policy.ceilings.iter().find(|ceiling| !ceiling.admits(list, Path::new(path), &self.policy.places));
        let (why, hint) = match ceiling {
            Some(ceiling) => (format!("{why}, and the managed policy ({}) forbids it", ceiling.origin.place()), None),
            None => (why.to_owned(), hint::grant(list, path, &self.policy.places)),
        };
        Verdict::refuse(Effect::Absent, why, rule, hint)
    }
}

/// What a run meets at a masked file, whatever could be done with the file itself.
fn masked(access: Access, mask: &Deny) -> Verdict {
    let why = match access {
        Access::Read => "it is masked: its keys are there, with a placeholder for each value",
        Access::Write => "it is masked: the run has a read-only copy without its values",
        Access::Exec => "it is masked: the run has a copy without its values, which is no program",
    };
    match access {
        Access::Read => Verdict::allow(Effect::Masked, why, Some(mask.rule())),
        Access::Write | Access::Exec => Verdict::refuse(Effect::Masked, why.to_owned(), Some(mask.rule()), None),
    }
}

fn list_for(access: Access) -> List {
    match access {
        Access::Write => List::Write,
        Access::Read | Access::Exec => List::Read,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::fixtures::{layer, linux, merged, on, policy};
    use crate::layers::merge;
    use crate::platform::{Places, Platform};

    fn ask(user: &str, access: Access, path: &str) -> Verdict {
        decide(&policy(user, &linux()), access, Path::new(path))
    }

    fn effect(user: &str, access: Access, path: &str) -> (bool, Effect) {
        let verdict = ask(user, access, path);
        (verdict.allowed, verdict.effect)
    }

    fn told(verdict: &Verdict) -> String {
        let mut told = format!("allowed: {}\n why: {}", verdict.allowed, verdict.why);
        verdict.rule.iter().for_each(|rule| told.push_str(&format!("\nrule: {rule}")));
        verdict.hint.iter().for_each(|hint| told.push_str(&format!("\nhint: {hint}")));
        told
    }

    #[test]
    fn the_default_profile_in_a_table() {
        use Access::{Exec, Read, Write};
        use Effect::{Absent, CopyOnWrite, Hidden, Host, Private, Protected, ReadOnly};
        for (access, path, expected) in [
            (Read, "/usr/bin/env", (true, ReadOnly)),
            (Exec, "/usr/bin/env", (true, ReadOnly)),
            (Write, "/usr/bin/env", (false, ReadOnly)),
            (Write, "/home/ada/work/src/main.rs", (true, Host)),
            (Read, "/home/ada/work/.env", (false, Hidden)),
            (Write, "/home/ada/work/a/.env.local", (false, Hidden)),
            (Write, "/home/ada/work/.env.example", (true, Host)),
            (Read, "/home/ada/work/.git/config", (true, Host)),
            (Write, "/home/ada/work/.git/config", (false, Protected)),
            (Write, "/home/ada/work/sub/.git/hooks/pre-commit", (false, Protected)),
            (Write, "/home/ada/work/.git/index", (true, Host)),
            (Write, "/home/ada/work/.git/refs/heads/main", (true, Host)),
            (Write, "/home/ada/work/.git", (false, Protected)),
            (Write, "/home/ada/work/a/.vscode/tasks.json", (false, Protected)),
            (Read, "/home/ada/.cargo/bin/cargo", (true, ReadOnly)),
            (Read, "/home/ada/.cargo/credentials.toml", (false, Hidden)),
            (Write, "/home/ada/.cargo/registry/x", (true, CopyOnWrite)),
            (Write, "/home/ada/.local/share/pnpm/store/x", (true, CopyOnWrite)),
            (Write, "/home/ada/.local/share/pnpm/x", (false, ReadOnly)),
            (Write, "/home/ada/.config/tool.toml", (true, Private)),
            (Read, "/home/ada/Documents/letter.txt", (false, Absent)),
            (Read, "/home/ada", (true, Private)),
            (Read, "/home/ada/.local/share", (true, Private)),
            (Read, "/home/ada/.ssh/id_rsa", (false, Hidden)),
            (Write, "/tmp/x", (true, Private)),
            (Write, "/dev/null", (true, Private)),
            (Read, "/proc/self/status", (true, Private)),
            (Read, "/", (true, Private)),
            (Write, "/", (false, Absent)),
            (Read, "/srv/x", (false, Absent)),
            (Read, "/home/bob/x", (false, Absent)),
            (Read, "/usr/../home/ada/.ssh", (false, Absent)),
            (Read, "relative", (false, Absent)),
        ] {
            assert_eq!(effect("", access, path), expected, "{access:?} {path}");
        }
    }

    #[test]
    fn the_deeper_grant_decides() {
        let user = "files.write = ['/data']\nfiles.read = ['/data/fixed']\nfiles.copy-on-write = ['/data/layered']";
        assert_eq!(effect(user, Access::Write, "/data/x"), (true, Effect::Host));
        assert_eq!(effect(user, Access::Write, "/data/fixed/x"), (false, Effect::ReadOnly));
        assert_eq!(effect(user, Access::Write, "/data/layered/x"), (true, Effect::CopyOnWrite));
    }

    #[test]
    fn a_workspace_that_is_the_home_does_not_open_caches_and_toolchains() {
        let places = Places { workspace: "/home/ada".into(), ..linux() };
        let policy = policy("", &places);
        let ask = |path| decide(&policy, Access::Write, Path::new(path)).effect;
        assert_eq!(ask("/home/ada/notes.txt"), Effect::Host);
        assert_eq!(ask("/home/ada/.cargo/registry/x"), Effect::CopyOnWrite);
        assert_eq!(ask("/home/ada/.cargo/bin/cargo"), Effect::ReadOnly);
        assert_eq!(ask("/home/ada/.ssh/authorized_keys"), Effect::Hidden);
    }

    #[test]
    fn refusals_name_the_rule_and_the_smallest_change() {
        assert_snapshot!(told(&ask("", Access::Read, "/home/ada/datasets/x")), @r##"
        allowed: false
         why: the run has a home of its own, and this is not in it
        hint: run with --read ~/datasets/x, or add "~/datasets/x" to files.read in ~/.config/pinfold/policy.toml
        "##);
        assert_snapshot!(told(&ask("", Access::Write, "/usr/local/my tools")), @r##"
        allowed: false
         why: it is visible, but read-only
        rule: files.read "@system", profile `workspace`, files.read
        hint: run with --write '/usr/local/my tools', or add "/usr/local/my tools" to files.write in ~/.config/pinfold/policy.toml
        "##);
        assert_snapshot!(told(&ask("files.deny = ['config/']", Access::Read, "/home/ada/work/config/prod")), @r##"
        allowed: false
         why: a denied path is hidden from the run
        rule: files.deny "config/", ~/.config/pinfold/policy.toml:1 (user)
        hint: run with --deny '!./config', or add "!./config" to files.deny in ~/.config/pinfold/policy.toml
        "##);
        assert_snapshot!(told(&ask("", Access::Write, "/home/ada/work/.git/hooks/pre-commit")), @r##"
        allowed: false
         why: it is protected: git runs these at the next commit, checkout or push
        rule: files.protect ".git/hooks/" (@metadata), profile `workspace`, files.protect
        hint: run with --protect '!.git/hooks/', or add "!.git/hooks/" to files.protect in ~/.config/pinfold/policy.toml
        "##);
        assert_snapshot!(told(&ask("", Access::Write, "/home/ada/work/x")), @r##"
        allowed: true
         why: it is writable
        rule: files.write "@workspace", profile `workspace`, files.write
        "##);
    }

    #[test]
    fn nothing_is_hinted_that_the_managed_policy_forbids() {
        let managed = "
            files.read = ['@system', '@workspace']
            files.deny = ['*.secret']
            files.protect = ['release/']
        ";
        let policy = merged(&[(LayerKind::Managed, managed)]).policy;
        let ask = |access, path| told(&decide(&policy, access, Path::new(path)));
        assert_snapshot!(ask(Access::Read, "/srv/x"), @r##"
        allowed: false
         why: it is not visible inside, and the managed policy (/etc/pinfold/policy.toml:2) forbids it
        "##);
        assert_snapshot!(ask(Access::Read, "/home/ada/work/a.secret"), @r##"
        allowed: false
         why: the managed policy (/etc/pinfold/policy.toml:3) forbids it
        rule: files.deny "*.secret", /etc/pinfold/policy.toml:3 (managed)
        "##);
        assert_snapshot!(ask(Access::Write, "/home/ada/work/release/x"), @r##"
        allowed: false
         why: the managed policy (/etc/pinfold/policy.toml:4) forbids it: the policy names it
        rule: files.protect "release/", /etc/pinfold/policy.toml:4 (managed)
        "##);
    }

    #[test]
    fn a_masked_file_is_readable_and_nothing_else() {
        let mask = "files.mask = ['.env']";
        assert_snapshot!(told(&ask(mask, Access::Read, "/home/ada/work/.env")), @r##"
        allowed: true
         why: it is masked: its keys are there, with a placeholder for each value
        rule: files.mask ".env", ~/.config/pinfold/policy.toml:1 (user)
        "##);
        assert_snapshot!(told(&ask(mask, Access::Write, "/home/ada/work/.env")), @r##"
        allowed: false
         why: it is masked: the run has a read-only copy without its values
        rule: files.mask ".env", ~/.config/pinfold/policy.toml:1 (user)
        "##);
        assert_eq!(effect(mask, Access::Exec, "/home/ada/work/.env"), (false, Effect::Masked));
        assert_eq!(effect(mask, Access::Read, "/home/ada/work/.env.local"), (false, Effect::Hidden));
        assert_eq!(effect(mask, Access::Read, "/home/ada/other/.env"), (false, Effect::Absent));
        assert_eq!(effect(mask, Access::Read, "/srv/.env"), (false, Effect::Absent));
        let granted = "files.mask = ['.env']\nfiles.read = ['/srv']";
        assert_eq!(effect(granted, Access::Read, "/srv/.env"), (true, Effect::Masked));
    }

    #[test]
    fn following_a_hint_works() {
        for (access, path) in [
            (Access::Read, "/home/ada/datasets/x"),
            (Access::Write, "/usr/local/my tools"),
            (Access::Read, "/home/ada/work/.env"),
            (Access::Read, "/home/ada/.ssh/id_rsa"),
            (Access::Write, "/home/ada/work/.git/hooks/x"),
            (Access::Write, "/home/ada/work/.git"),
            (Access::Write, "/home/ada/work/a/.vscode/x"),
        ] {
            let mut user = String::new();
            // A hidden path that is not granted needs two steps.
            for _ in 0..2 {
                let verdict = ask(&user, access, path);
                let Some(hint) = verdict.hint else { break };
                let (entry, key) = hint
                    .split_once("or add ")
                    .and_then(|(_, rest)| rest.split_once(" to "))
                    .expect("a hint names an entry");
                let key = key.split(' ').next().expect("a key");
                user.push_str(&format!("{key} = [{entry}]\n"));
            }
            assert!(ask(&user, access, path).allowed, "{access:?} {path}: {user}");
        }
    }

    #[test]
    fn windows_and_macos_compare_without_case() {
        let windows = policy("", &on(Platform::Windows));
        let ask = |access, path| decide(&windows, access, Path::new(path)).effect;
        assert_eq!(ask(Access::Write, "C:\\Users\\Ada\\Work\\x.rs"), Effect::Host);
        assert_eq!(ask(Access::Write, "c:/users/ada/work/.GIT/Config"), Effect::Protected);
        assert_eq!(ask(Access::Read, "C:\\Windows\\System32\\cmd.exe"), Effect::ReadOnly);
        assert_eq!(ask(Access::Write, "C:\\Users\\ada\\AppData\\Local\\Temp\\x"), Effect::Private);
        let macos = policy("", &on(Platform::Macos));
        assert_eq!(decide(&macos, Access::Read, Path::new("/Users/ada/work/.ENV")).effect, Effect::Hidden);
    }

    #[test]
    fn granting_the_home_still_hides_its_secrets() {
        let user = "files.read = ['~']";
        assert_eq!(effect(user, Access::Read, "/home/ada/notes"), (true, Effect::ReadOnly));
        for path in ["/home/ada/.ssh/config", "/home/ada/.aws/credentials", "/home/ada/.bash_history"] {
            assert_eq!(effect(user, Access::Read, path), (false, Effect::Hidden), "{path}");
        }
    }

    #[test]
    fn every_profile_keeps_its_promise() {
        let under = |name: &str| {
            let text = format!("profile = '{name}'");
            merge(&[layer(LayerKind::User, &text)], &linux()).expect(name).policy
        };
        let write = |name| decide(&under(name), Access::Write, Path::new("/home/ada/work/x"));
        assert_eq!(write("read-only").effect, Effect::ReadOnly);
        for name in ["workspace", "offline-build", "open"] {
            assert_eq!(write(name).effect, Effect::Host, "{name}");
        }
    }
}
