//! Where the sandbox has to work, or to say plainly why it does not.

use pinfold_tests::pinfold;

use crate::desk::{Desk, cannot_prepare_hosts};

/// Works in the workspace as an agent does.
const WORK: &str = "set -e; echo w > w; git add w; git commit --quiet -m w; mv w x; git status -s >/dev/null";

#[test]
fn a_workspace_on_a_tmpfs_or_another_disk() {
    if cannot_prepare_hosts() {
        return;
    }
    for mount in
        ["mount -t tmpfs none", "truncate -s 64M $DESK/disk; mkfs.ext4 -q $DESK/disk; mount -o loop $DESK/disk"]
    {
        let desk = Desk::new();
        let script = format!(
            "set -e; PATH=$PATH:/sbin; mkdir $DESK/mounted; {mount} $DESK/mounted; mkdir $DESK/mounted/w
             chown $(stat -c %u:%g README) $DESK/mounted/w; cd $DESK/mounted/w; $AS_USER git init --quiet
             $AS_USER pinfold run -- bash -c '{WORK}'; $AS_USER git log -1 --format=%s"
        );
        assert_eq!(desk.on_host(&script).ok(), "w", "{mount}");
    }
}

#[test]
fn a_workspace_reached_through_a_link() {
    let desk = Desk::new();
    desk.outside("ln -s project ../linked").ok();
    desk.pinfold(["run", "--", "bash", "-c", WORK]).directory("home/linked").run().ok();
    desk.pinfold(["run", "--workspace", "../linked", "--", "test", "-e", "README"]).run().ok();
    assert_eq!(desk.outside("git log -1 --format=%s").ok(), "w");
}

#[test]
fn a_home_reached_through_a_link() {
    let desk = Desk::new();
    desk.outside("ln -s home ../../linked-home").ok();
    let call = desk.pinfold(["run", "--", "bash", "-c", WORK]).directory("linked-home/project");
    call.variable("HOME", desk.path("linked-home")).run().ok();
    assert_eq!(desk.outside("git log -1 --format=%s").ok(), "w");
}

#[test]
fn a_home_whose_own_directories_are_links_to_another_disk() {
    let desk = Desk::new();
    let link = "disk=$(realpath ../..)/disk; mkdir -p ../.local
        for name in .local/state .cache .cargo .config; do mkdir -p $disk/$name; ln -s $disk/$name ../$name; done";
    desk.outside(link).ok();
    desk.write("disk/.cargo/registry/known", "");
    desk.inside(WORK).ok();
    desk.inside_with(
        &["--session", "s"],
        "echo 1 > staged; mkdir -p ~/.cache/tool; touch ~/.cache/tool/x ~/.cargo/registry/new; ls ~/.cargo/registry",
    )
    .ok();
    desk.pinfold(["apply", "s"]).run().ok();
    assert!(desk.workspace().join("staged").exists() && desk.path("disk/.local/state/pinfold").exists());
    desk.pinfold(["log", "verify"]).run().ok();
}

#[test]
fn what_pinfold_keeps_is_hidden_under_every_name_that_a_mount_gives_it() {
    if cannot_prepare_hosts() {
        return;
    }
    let desk = Desk::new();
    desk.inside("true").ok();
    let bind = "mkdir -p $DESK/again $DESK/deep && mount --bind $DESK/home $DESK/again &&
        mount --bind $DESK/home/.local/state/pinfold/ledger $DESK/deep && cat $DESK/again/.local/state/pinfold/ledger/key > /dev/null";
    // The control: the same user, without a run.
    let look = "sh -c \"cat $DESK/again/README; find -L $DESK/again -name key\"; echo";
    desk.write("home/README", "seen\n");
    let seen =
        desk.on_host(&format!("{bind}; $AS_USER {look}; $AS_USER pinfold run -q --read $DESK/again -- {look}")).ok();
    let key = desk.path("again/.local/state/pinfold/ledger/key");
    assert_eq!(seen, format!("seen\n{}\n\nseen", key.display()));
    for (flags, says) in [
        ("--read $DESK/again/.local/state/pinfold/ledger", "is pinfold's own"),
        ("--read $DESK/deep", "is pinfold's own"),
        ("--write $DESK/again", "would be writable inside"),
        ("--write $DESK/again/.config", "would be writable inside"),
        ("--write $DESK/deep", "would be writable inside"),
        ("--write $DESK", "would be writable inside"),
    ] {
        let config = "mkdir -p $DESK/home/.config/pinfold; chown -R --reference=$DESK/home $DESK/home/.config";
        let run = desk.on_host(&format!("{config}; {bind}; $AS_USER pinfold run {flags} -- touch ran"));
        run.says(says).ends_with(125);
        assert!(!desk.workspace().join("ran").exists(), "{flags}");
    }
}

#[test]
fn the_directory_one_stands_in_keeps_its_name() {
    let desk = Desk::new();
    desk.make(&desk.path("home/project/deep/er"));
    let inside = desk.pinfold(["run", "--", "pwd"]).directory("home/project/deep/er").run().ok();
    assert_eq!(inside, desk.path("home/project/deep/er").display().to_string());
}

#[test]
fn outside_of_any_repository_the_directory_is_the_workspace() {
    let desk = Desk::new();
    desk.make(&desk.path("home/plain/sub"));
    let script = "touch here; touch ../above 2>/dev/null; true";
    desk.pinfold(["run", "--", "sh", "-c", script]).directory("home/plain/sub").run().ok();
    assert!(desk.path("home/plain/sub/here").exists() && !desk.path("home/plain/above").exists());
}

#[test]
fn the_home_and_system_directories_are_no_workspaces() {
    let desk = Desk::new();
    for directory in ["home", "/", "/etc", "/usr"] {
        let ended = desk.pinfold(["run", "--", "true"]).directory(directory).run();
        ended.ends_with(125).says("error: the workspace").says("hint: ").says("--workspace");
    }
}

#[test]
fn without_a_home_the_refusal_says_what_to_do() {
    let desk = Desk::new();
    desk.pinfold(["run", "--", "true"]).without("HOME").run().ends_with(125).says("HOME is not set").says("hint: ");
}

#[test]
fn a_read_only_home_is_refused_with_a_way_out() {
    if cannot_prepare_hosts() {
        return;
    }
    let desk = Desk::new();
    let prepare = "set -e; mount --bind $HOME $HOME; mount -o remount,ro,bind $HOME; mkdir $DESK/w $DESK/state
        chown $(stat -c %u:%g README) $DESK/w $DESK/state; cd $DESK/w";
    desk.on_host(&format!("{prepare}; $AS_USER pinfold run -- true"))
        .ends_with(125)
        .says("hint: ")
        .says("XDG_STATE_HOME");
    let desk = Desk::new();
    desk.on_host(&format!("{prepare}; XDG_STATE_HOME=$DESK/state $AS_USER pinfold run -- touch x")).ok();
}

/// A user namespace of the test's own, in which no further ones can be made.
const WITHOUT_NAMESPACES: &str = r#"exec unshare --user --map-current-user --keep-caps sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"' sh "#;

#[test]
fn without_user_namespaces_the_refusal_names_the_reason_once_and_the_ways_out() {
    let desk = Desk::new();
    let ended = desk.outside(&format!("{WITHOUT_NAMESPACES} pinfold run -- touch ran"));
    let ended = ended.ends_with(125).says("user.max_user_namespaces").says("--best-effort");
    assert_eq!(ended.stderr.matches("user.max_user_namespaces is 0").count(), 1, "{ended}");
    assert!(!desk.path("home/project/ran").exists());
}

#[test]
fn without_user_namespaces_best_effort_keeps_what_landlock_can() {
    let desk = Desk::new();
    desk.write("home/.bash_history", "secret\n");
    desk.write("home/other/notes", "notes\n");
    let run = format!("{WITHOUT_NAMESPACES} pinfold run --best-effort -- bash -c");
    desk.outside(&format!("{run} '{WORK}'")).says("not kept").ok();
    for refused in
        ["cat ../.bash_history", "cat ../other/notes", "echo x > ../other/notes", "touch ../x", "touch /tmp/x-$$"]
    {
        assert_ne!(desk.outside(&format!("{run} '{refused}'")).code(), 0, "{refused}");
    }
    desk.outside(&format!("{run} 'f=$(mktemp) && echo x > $f && echo x > ~/state'")).ok();
    desk.outside(&format!("{run} 'exit 3'")).ends_with(3);
}

#[test]
fn without_user_namespaces_nothing_around_what_pinfold_keeps_can_be_read() {
    let desk = Desk::new();
    let run = |flags: &str, then: &str| {
        desk.outside(&format!("{WITHOUT_NAMESPACES} pinfold run --best-effort {flags} -- bash -c '{then}'"))
    };
    run("", "true").ok();
    run("--read ..", "touch ran").ends_with(125).says("pinfold would be readable inside");
    assert!(!desk.workspace().join("ran").exists());
    desk.make(&desk.path("home/beside"));
    run("--read ../beside", "ls ~/../beside; touch ran").ok();
    assert!(desk.workspace().join("ran").exists());
}

#[test]
fn without_user_namespaces_programs_are_recorded_as_well() {
    let desk = Desk::new();
    let run = format!("{WITHOUT_NAMESPACES} pinfold run --best-effort -- sh -c");
    desk.outside(&format!("{run} '/bin/true; exec /bin/echo done'")).says("not kept").ok();
    let record = desk.events(&["--kind", "exec"]);
    let programs: Vec<&str> = record.iter().map(|event| event["executable"].as_str().expect("a program")).collect();
    assert_eq!(programs.len(), 3, "{record:?}");
    assert!(programs[1].ends_with("/true") && programs[2].ends_with("/echo"), "{record:?}");
    assert!(record.iter().all(|event| event["sha256"].is_string()), "{record:?}");
}

#[test]
fn without_user_namespaces_the_doctor_says_how_to_get_them() {
    let desk = Desk::new();
    let ended = desk.outside(&format!("{WITHOUT_NAMESPACES} pinfold doctor")).ends_with(1);
    let text = ended.text();
    assert!(text.contains("sysctl") && !text.contains("`pinfold doctor` says how"), "{ended}");
}

#[test]
fn in_a_container_that_masks_proc_the_doctor_and_the_run_agree() {
    if cannot_prepare_hosts() {
        return;
    }
    let container = "exec unshare --pid --fork --mount-proc bash -c 'mount --bind /proc/sys /proc/sys
        mount -o remount,ro,bind /proc/sys; $AS_USER pinfold";
    let desk = Desk::new();
    let doctor = desk.on_host(&format!("{container} doctor'")).code();
    let run = desk.on_host(&format!("{container} run -- true'"));
    assert_eq!(doctor == 0, run.code() == 0, "the doctor says {doctor}: {run}");
    if run.code() != 0 {
        run.ends_with(125).says("hint: ");
    }
    desk.on_host(&format!("{container} run --best-effort -- true'")).ok();
}

#[test]
fn root_without_capabilities_is_told_the_truth() {
    if cannot_prepare_hosts() {
        return;
    }
    for sets in ["-sys_admin", "-all"] {
        let desk = Desk::new();
        let container = format!("exec setpriv --bounding-set {sets} --inh-caps {sets} pinfold");
        let doctor = desk.on_host(&format!("chown -R root: $DESK; {container} doctor")).code();
        let run = desk.on_host(&format!("{container} run -- true"));
        assert_eq!(doctor == 0, run.code() == 0, "{sets}: the doctor says {doctor}: {run}");
        desk.on_host(&format!("{container} run --best-effort -- true")).ok();
    }
}

#[test]
fn in_a_network_namespace_and_with_a_private_sys_it_works() {
    if cannot_prepare_hosts() {
        return;
    }
    let desk = Desk::new();
    desk.on_host("exec unshare --net $AS_USER pinfold run -- true").ok();
    desk.on_host("mount -t tmpfs none /sys; $AS_USER pinfold run -- true").ok();
    desk.on_host("mount -t tmpfs none /dev/shm; mount -t tmpfs none /tmp; $AS_USER pinfold run -- true").ok();
}

#[test]
fn a_run_in_a_run_works_or_says_that_it_is_one() {
    let desk = Desk::new();
    // A link would lead to where nothing is visible inside.
    let program = desk.path("home/.local/bin/pinfold");
    std::fs::remove_file(&program).expect("the link");
    std::fs::copy(pinfold(), &program).expect("a copy of the program");
    let ended = desk.inside("pinfold run -- true");
    if ended.code() != 0 {
        ended.ends_with(125).says("already in a pinfold sandbox");
    }
}

#[test]
fn without_user_namespaces_a_trace_tells_what_landlock_refuses() {
    let desk = Desk::new();
    desk.write("home/other/notes", "notes\n");
    desk.write("home/project/.env", "KEY=value\n");
    let trace = format!("{WITHOUT_NAMESPACES} pinfold trace --best-effort -- sh -c");
    desk.outside(&format!("{trace} 'cat ../other/notes'")).says("refused: read ~/other/notes by `cat`").ends_with(1);
    desk.outside(&format!("{trace} 'echo x > ../other/new'")).says("refused: write to ~/other/new by `");
    // What it does not keep is not refused.
    desk.outside(&format!("{trace} 'cat .env; echo x > ~/own; chmod 600 README'")).says("no file was refused").ok();
}
