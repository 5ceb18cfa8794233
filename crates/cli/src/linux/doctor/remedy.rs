//! What to change on this host, exactly.

use std::path::Path;

use serde::Serialize;

use super::attempt::Attempt;
use super::host::Facts;

/// Where AppArmor looks for profiles.
const APPARMOR_PROFILE: &str = "/etc/apparmor.d/pinfold";

/// One way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Remedy {
    /// What is the matter.
    pub(super) why: String,
    /// What to do, line by line.
    pub(super) steps: Vec<String>,
}

impl Remedy {
    fn new<S: Into<String>>(why: &str, steps: impl IntoIterator<Item = S>) -> Self {
        Self { why: why.into(), steps: steps.into_iter().map(Into::into).collect() }
    }

    pub(super) fn describe(&self) -> String {
        let steps: String = self.steps.iter().map(|step| format!("    {step}\n")).collect();
        format!("\nto do: {}\n{steps}", self.why)
    }
}

/// Everything that would help, the likeliest cause first. Nothing, when a run starts with all that it needs.
pub(super) fn remedies(host: &Facts, start: &Attempt, program: &Path) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let failed_at = |step: &str| start.said.iter().any(|line| line.contains(step));
    if start.started && host.no_user_namespaces.is_none() {
        return remedies;
    }
    remedies.extend(switched_off(host));
    if host.apparmor_restricts {
        remedies.push(apparmor(program));
    }
    if !start.started && (host.container.is_some() || host.filtered) {
        remedies.push(container_filter(host));
    }
    let settings_say_so = host.no_user_namespaces.as_ref().is_some_and(|why| why.contains("/proc"));
    if settings_say_so || (!host.masked_proc.is_empty() && failed_at("/proc")) {
        remedies.push(covered_proc());
    }
    if remedies.is_empty() && !start.started {
        remedies.push(Remedy::new(
            "a run fails though every setting that doctor knows allows it",
            [
                "the step that failed is named above, under `start`",
                "security modules: cat /sys/kernel/security/lsm, and look into the kernel's log",
            ],
        ));
    }
    remedies
}

/// Settings of the kernel that forbid user namespaces.
fn switched_off(host: &Facts) -> Option<Remedy> {
    let why = host.no_user_namespaces.as_ref()?;
    let set = |name: &str, value: &str| {
        let line = format!("{name} = {value}");
        Remedy::new(
            &format!("{why}; as root"),
            [format!("sysctl -w {name}={value}"), format!("echo '{line}' > /etc/sysctl.d/60-pinfold.conf")],
        )
    };
    if why.contains("max_user_namespaces") {
        return Some(set("user.max_user_namespaces", "15000"));
    }
    if why.contains("unprivileged_userns_clone") {
        return Some(set("kernel.unprivileged_userns_clone", "1"));
    }
    let missing = why.contains("this kernel has no");
    missing.then(|| Remedy::new(why, ["start a kernel that is built with CONFIG_USER_NS=y"]))
}

/// For the path of this very program, and nothing else.
fn apparmor(program: &Path) -> Remedy {
    let program = program.display().to_string();
    // In AppArmor's language these would be a pattern.
    let quoted = program.contains([' ', '*', '?', '[', '{', '"', '^']);
    let attachment: String = program
        .chars()
        .flat_map(|c| (quoted && "*?[]{}\"^\\".contains(c)).then_some('\\').into_iter().chain([c]))
        .collect();
    let attachment = if quoted { format!("\"{attachment}\"") } else { attachment };
    Remedy::new(
        "AppArmor lets only programs with a profile make user namespaces; as root",
        [
            format!("write this to {APPARMOR_PROFILE}:"),
            "abi <abi/4.0>,".into(),
            "include <tunables/global>".into(),
            format!("profile pinfold {attachment} flags=(unconfined) {{"),
            "  userns,".into(),
            "}".into(),
            format!("and load it: apparmor_parser -r {APPARMOR_PROFILE}"),
        ],
    )
}

fn container_filter(host: &Facts) -> Remedy {
    let name = match host.container.as_deref() {
        Some("podman") => "podman",
        _ => "docker",
    };
    Remedy::new(
        "the container's system call filter or security profile may forbid namespaces and mounts; start it with",
        [
            format!("{name} run --security-opt seccomp=PROFILE.json --security-opt apparmor=unconfined …"),
            "where PROFILE.json is the container engine's default with these calls allowed as well:".into(),
            "clone clone3 unshare setns mount umount2 pivot_root open_tree move_mount mount_setattr".into(),
            "fsopen fsconfig fsmount fspick keyctl".into(),
        ],
    )
}

fn covered_proc() -> Remedy {
    Remedy::new(
        "parts of /proc are covered, and then the kernel allows no new one; start the container with",
        ["docker run --security-opt systempaths=unconfined …", "podman run --security-opt unmask=ALL …"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(said: &str) -> Attempt {
        Attempt { started: false, duration_ms: 0, said: vec![said.into()] }
    }

    fn text(host: &Facts, start: &Attempt) -> String {
        remedies(host, start, "/opt/my tools/pinfold".as_ref()).iter().map(Remedy::describe).collect()
    }

    #[test]
    fn apparmor_gets_a_profile_for_this_very_program() {
        let host = Facts { apparmor_restricts: true, ..Facts::default() };
        let text = text(&host, &failed("error: failed to map"));
        assert!(text.contains("profile pinfold \"/opt/my tools/pinfold\" flags=(unconfined) {\n"), "{text}");
        assert!(text.contains("  userns,\n") && text.contains("abi <abi/4.0>,\n"), "{text}");
        assert!(text.contains("apparmor_parser -r /etc/apparmor.d/pinfold\n"), "{text}");
    }

    #[test]
    fn a_switch_is_named_with_its_value() {
        let cases = [
            ("user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces=15000"),
            ("kernel.unprivileged_userns_clone is 0", "sysctl -w kernel.unprivileged_userns_clone=1"),
            ("this kernel has no user namespaces", "CONFIG_USER_NS=y"),
        ];
        for (why, step) in cases {
            let host = Facts { no_user_namespaces: Some(why.into()), ..Facts::default() };
            assert!(text(&host, &Attempt { started: true, duration_ms: 1, said: Vec::new() }).contains(step), "{why}");
        }
    }

    #[test]
    fn a_container_with_a_covered_proc_gets_both_answers() {
        let masked_proc = vec!["/proc/kcore".into()];
        let host = Facts { container: Some("podman".into()), filtered: true, masked_proc, ..Facts::default() };
        let text = text(&host, &failed("error: failed to mount /proc"));
        assert!(text.contains("podman run --security-opt seccomp=") && text.contains("unmask=ALL"), "{text}");
    }

    #[test]
    fn a_proc_that_is_known_to_be_covered_is_answered_even_where_a_lesser_run_starts() {
        let why = "/proc is partly covered here, as in a container, so that no fresh one can be mounted";
        let host = Facts { no_user_namespaces: Some(why.into()), ..Facts::default() };
        let text = text(&host, &Attempt { started: true, duration_ms: 1, said: Vec::new() });
        assert!(text.contains("systempaths=unconfined") && !text.contains("seccomp"), "{text}");
    }

    #[test]
    fn nothing_is_to_be_done_where_runs_start() {
        let start = Attempt { started: true, duration_ms: 1, said: Vec::new() };
        assert!(remedies(&Facts::default(), &start, "/usr/bin/pinfold".as_ref()).is_empty());
    }
}
