//! Profiles in full, and single questions to them.

use std::path::Path;

use pinfold_plan::macos::{self, Host, Network, TextError};
use pinfold_plan::{GitDirectory, Keeper, Kind, PlanError, Promise};
use pinfold_policy::PROFILE_NAMES;

use crate::seatbelt::{Seatbelt, Subject};
use crate::world::{PRIVATE_HOME, PRIVATE_TEMP, World};

const ORDINARY: [&str; 9] = [
    "/Users/ada/work/",
    "/Users/ada/work/.env",
    "/Users/ada/work/.git/",
    "/Users/ada/work/.git/config",
    "/Users/ada/work/.git/hooks/",
    "/Users/ada/work/.git/hooks/pre-commit",
    "/Users/ada/work/.vscode/",
    "/Users/ada/work/sub/",
    "/Users/ada/work/sub/.envrc",
];

fn ordinary(user: &str) -> World {
    World::new(user, &ORDINARY)
}

/// Of the toolchains and caches only those of Rust, so that a profile can be read.
fn rust_only(mut world: World) -> World {
    let rust =
        |path: &Path| [".cargo", ".rustup"].iter().any(|part| path.starts_with(Path::new("/Users/ada").join(part)));
    world.host.paths.retain(|path, _| !path.starts_with("/Users/ada") || path.ends_with("work") || rust(path));
    world
}

/// The plan, with the profile as text.
fn shown(plan: &macos::Plan) -> String {
    let mut text = format!("{:?}, listens on {:?}\n{:?}\n", plan.network, plan.publish, plan.limits);
    plan.environment.iter().for_each(|(name, path)| text.push_str(&format!("{name}={}\n", path.display())));
    for link in &plan.home_links {
        text.push_str(&format!("{} -> {}\n", link.at.display(), link.target.display()));
    }
    for kept in &plan.assurance {
        text.push_str(&format!("{:?}: {}; {}\n", kept.promise, kept.keepers(), kept.note.as_deref().unwrap_or("-")));
    }
    for watched in plan.watch.chunk_by(|one, next| one.directory == next.directory) {
        text.push_str(&format!("watched: {} names in {}\n", watched.len(), watched[0].directory.display()));
    }
    text + "\n" + &plan.seatbelt.text().expect("a text")
}

#[test]
fn every_profile_with_every_network() {
    for profile in PROFILE_NAMES {
        for mode in ["off", "rules", "full"] {
            let user = format!("profile = '{profile}'\nnetwork = {{ mode = '{mode}', allow = ['a.example'] }}");
            let plan = rust_only(ordinary(&user)).plan();
            insta::assert_snapshot!(format!("{profile}-{mode}"), shown(&plan));
        }
    }
}

#[test]
fn a_plan_is_read_as_it_was_written() {
    let plan = ordinary("files.mask = ['.env']").plan();
    let text = serde_json::to_string(&plan).expect("serialisable");
    assert_eq!(serde_json::from_str::<macos::Plan>(&text).expect("readable"), plan);
}

#[test]
fn nothing_is_taken_for_a_part_of_something_else() {
    let seatbelt = ordinary("network.mode = 'full'").seatbelt();
    let names: Vec<&str> = seatbelt.operations().collect();
    for name in &names {
        if let Some(whole) = name.strip_suffix('*') {
            assert!(names.iter().all(|other| other == name || !other.starts_with(whole)), "{name}");
        }
    }
}

#[test]
fn the_network_is_what_the_mode_says() {
    let remote = |mode: &str, to: &str| {
        let user = format!("network.mode = '{mode}'\nnetwork.publish = [8080]");
        ordinary(&user).seatbelt().lets("network-outbound", Subject::Remote(to))
    };
    let unix = |mode: &str, path: &str| {
        ordinary(&format!("network.mode = '{mode}'")).seatbelt().at("network-outbound", path, false)
    };
    assert!(!remote("off", "localhost:61234") && !remote("off", "192.0.2.1:443"));
    assert!(remote("rules", "localhost:61234"));
    assert!(!remote("rules", "localhost:8080") && !remote("rules", "192.0.2.1:443"));
    assert!(remote("full", "192.0.2.1:443") && remote("full", "localhost:8080"));
    for mode in ["off", "rules", "full"] {
        assert_eq!(unix(mode, "/private/var/run/mDNSResponder"), mode == "full", "{mode}");
        assert!(unix(mode, &format!("{PRIVATE_TEMP}/x.sock")), "{mode}");
        for outside in ["/Users/ada/work/x.sock", "/private/var/run/docker.sock", "/private/tmp/ssh/agent.1"] {
            assert!(!unix(mode, outside), "{mode} {outside}");
        }
    }
}

#[test]
fn without_a_gate_rules_let_nothing_out() {
    let mut world = ordinary("network.mode = 'rules'");
    world.host.gate_port = None;
    let plan = world.plan();
    assert_eq!(plan.network, Network::None);
    let missing = macos::refusal(&plan).expect("a refusal").missing;
    assert!(missing.iter().any(|assurance| assurance.promise == Promise::NetworkRules));
}

#[test]
fn a_published_port_can_be_listened_on_and_no_other() {
    let world = ordinary("network.mode = 'rules'\nnetwork.publish = [8080]");
    let seatbelt = world.seatbelt();
    for operation in ["network-bind", "network-inbound"] {
        assert!(seatbelt.lets(operation, Subject::Local("localhost:8080")));
        assert!(!seatbelt.lets(operation, Subject::Local("localhost:8081")));
    }
}

#[test]
fn certificates_of_the_gate_are_read_where_tls_is_opened() {
    let reads = |allow: &str| {
        let world = ordinary(&format!("network = {{ mode = 'rules', allow = [{allow}] }}"));
        world.seatbelt().at("file-read-data", &world.host.own_trust.to_string_lossy(), false)
    };
    assert!(reads("{ host = 'a.example', methods = ['GET'] }"));
    assert!(!reads("'a.example'"));
}

#[test]
fn processes_services_and_variables_of_others_are_out_of_reach() {
    let seatbelt = ordinary("network.mode = 'rules'").seatbelt();
    for operation in ["signal", "process-info*"] {
        assert!(seatbelt.lets(operation, Subject::Process(true)));
        assert!(!seatbelt.lets(operation, Subject::Process(false)));
    }
    assert!(seatbelt.lets("sysctl-read", Subject::Name("hw.ncpu")));
    for variable in ["kern.procargs2", "kern.proc.all", "kern.proc"] {
        assert!(!seatbelt.lets("sysctl-read", Subject::Name(variable)), "{variable}");
    }
    assert!(seatbelt.lets("mach-lookup", Subject::Name("com.apple.system.opendirectoryd.libinfo")));
    for service in [
        "com.apple.trustd.agent",
        "com.apple.SecurityServer",
        "com.apple.pasteboard.1",
        "com.apple.coreservices.launchservicesd",
    ] {
        assert!(!seatbelt.lets("mach-lookup", Subject::Name(service)), "{service}");
    }
    for operation in ["appleevent-send", "iokit-open", "iokit-get-properties", "nvram*", "job-creation", "lsopen"] {
        assert!(!seatbelt.lets(operation, Subject::Name("")), "{operation}");
    }
}

#[test]
fn terminals_of_others_are_neither_read_nor_typed_into() {
    let seatbelt = ordinary("").seatbelt();
    assert!(seatbelt.lets("file-read-data", Subject::OwnTerminal("/dev/ttys012")));
    assert!(seatbelt.at("file-ioctl", "/dev/ttys007", false));
    for operation in ["file-read-data", "file-write-data", "file-ioctl"] {
        assert!(!seatbelt.at(operation, "/dev/ttys012", false), "{operation}");
        assert!(!seatbelt.at(operation, "/dev/disk0", false), "{operation}");
    }
    assert!(seatbelt.at("file-write-data", "/dev/null", false));
}

#[test]
fn other_volumes_of_the_system_show_nothing() {
    let seatbelt = ordinary("").seatbelt();
    assert!(seatbelt.at("file-read-data", "/System/Library/x", false));
    assert!(seatbelt.at("file-map-executable", "/System/Volumes/Preboot/Cryptexes/OS/x.dylib", false));
    assert!(!seatbelt.at("file-read-data", "/System/Volumes/Data/Users/ada/.ssh/id_rsa", false));
}

#[test]
fn a_directory_that_holds_a_secret_is_not_cloned() {
    let seatbelt = ordinary("").seatbelt();
    assert!(seatbelt.at("file-clone", "/Users/ada/work/sub/x", false));
    assert!(!seatbelt.at("file-clone", "/Users/ada/work", true));
    assert!(!seatbelt.at("file-clone", "/Users/ada/work/.env", false));
    assert!(!seatbelt.at("file-link", "/Users/ada/work/.env", false));
    assert!(!seatbelt.at("file-link", "/Users/ada/.rustup/x", false), "a link would be a way to write it");
}

#[test]
fn names_are_refused_in_every_case_and_exceptions_given() {
    let seatbelt = ordinary("").seatbelt();
    let writes = |path: &str| seatbelt.at("file-write-create", &format!("/Users/ada/work/{path}"), false);
    for path in [".GIT/Hooks/x", ".Vscode/tasks.json", "a/.ENVRC", ".Env", ".ENV.local", "a/ID_RSA", ".Git/CONFIG"] {
        assert!(!writes(path), "{path}");
    }
    for path in [".ENV.example", "a/.env.Sample", ".git/index", ".gitx/config", ".git/refs/heads/config"] {
        assert!(writes(path), "{path}");
    }
}

#[test]
fn settings_of_submodules_and_bare_repositories_are_protected() {
    let mut world = ordinary("");
    let bare = GitDirectory {
        path: "/Users/ada/work/bare".into(),
        outside: false,
        pointer: None,
        existing: vec!["hooks".into()],
    };
    world.host.git.push(bare);
    let seatbelt = world.seatbelt();
    let writes = |path: &str| seatbelt.at("file-write-data", &format!("/Users/ada/work/{path}"), false);
    for path in [
        ".git/modules/a/config",
        ".git/modules/a/b/hooks/x",
        ".git/worktrees/w/commondir",
        "bare/Hooks/x",
        "bare/config",
    ] {
        assert!(!writes(path), "{path}");
    }
    for path in
        [".git/modules/a/refs/heads/config", ".git/modules/a/objects/info/x", "bare/HEAD", ".git/worktrees/w/HEAD"]
    {
        assert!(writes(path), "{path}");
    }
    assert!(!seatbelt.at("file-write-unlink", "/Users/ada/work/bare", true));
}

#[test]
fn a_git_directory_outside_is_as_open_as_the_workspace() {
    for (profile, written) in [("workspace", true), ("read-only", false)] {
        let mut world = ordinary(&format!("profile = '{profile}'"));
        world.host.git.push(GitDirectory {
            path: "/Users/ada/project/.git".into(),
            outside: true,
            pointer: None,
            existing: ["config", "hooks"].map(Into::into).into(),
        });
        let seatbelt = world.seatbelt();
        assert!(seatbelt.at("file-read-data", "/Users/ada/project/.git/HEAD", false));
        assert_eq!(seatbelt.at("file-write-data", "/Users/ada/project/.git/HEAD", false), written);
        assert!(!seatbelt.at("file-write-data", "/Users/ada/project/.git/hooks/x", false));
        assert!(!seatbelt.at("file-write-unlink", "/Users/ada/project/.git", true));
        assert!(!seatbelt.at("file-read-data", "/Users/ada/project/x", false));
    }
}

/// What `git init` does in the workspace. Whoever ends the run looks through what it has made.
#[test]
fn a_new_repository_can_be_made_in_the_workspace_and_the_old_one_stays_as_it_is() {
    let paths = [&ORDINARY[..], &["/Users/ada/other/"]].concat();
    let seatbelt = World::new("files.write = ['@workspace', '~/other']", &paths).seatbelt();
    let makes = |path: &str, directory| seatbelt.at("file-write-create", &format!("/Users/ada/{path}"), directory);
    assert!(makes("work/sub/.git", true) && makes("work/new/.git", true));
    for path in
        ["config", "config.lock", "HEAD", "hooks/pre-commit.sample", "info/exclude", "objects/pack", "refs/heads"]
    {
        assert!(makes(&format!("work/sub/.git/{path}"), false), "{path}");
    }
    assert!(seatbelt.at("file-write-unlink", "/Users/ada/work/sub/.git/config.lock", false));
    // As a file it leads git to any other directory.
    assert!(!makes("work/sub/.git", false) && !makes("work/.envrc", false));
    for path in
        ["config", "config.worktree", "hooks/x", "Hooks/x", "commondir", "modules/a/config", "worktrees/w/gitdir"]
    {
        assert!(!makes(&format!("work/.git/{path}"), false), "{path}");
    }
    assert!(!seatbelt.at("file-write-unlink", "/Users/ada/work/.git", true), "no new one takes its place");
    assert!(!makes("other/.git/config", false), "nobody looks for repositories there");
}

/// A rename is judged by its two paths, so what has appeared must be looked through at the end.
#[test]
fn a_prepared_directory_can_be_moved_in() {
    let seatbelt = ordinary("").seatbelt();
    let prepared = format!("{PRIVATE_TEMP}/t");
    assert!(!seatbelt.at("file-write-create", "/Users/ada/work/t/.vscode", true));
    assert!(seatbelt.at("file-write-create", &format!("{prepared}/.vscode"), true));
    assert!(seatbelt.at("file-write-unlink", &prepared, true), "the hole");
    assert!(seatbelt.at("file-write-create", "/Users/ada/work/t", true), "the hole");
    let plan = ordinary("").plan();
    let kept = plan.assurance.iter().find(|kept| kept.promise == Promise::MetadataWatched).expect("a row");
    assert!(kept.kept_by.contains(&Keeper::Watch));
}

#[test]
fn what_is_masked_is_hidden() {
    let world = ordinary("files.mask = ['.env', '@secrets']");
    assert!(world.host.masked.contains(Path::new("/Users/ada/work/.env")));
    assert!(!world.seatbelt().at("file-read-data", "/Users/ada/work/.env", false));
    let plan = world.plan();
    let secrets = plan.assurance.iter().find(|kept| kept.promise == Promise::SecretsHidden).expect("a row");
    assert_eq!(secrets.kept_by, [Keeper::Seatbelt]);
    assert!(secrets.note.as_deref().is_some_and(|note| note.contains("(1)")));
}

#[test]
fn private_places_in_what_is_visible_show_nothing_of_the_host() {
    let paths = [&ORDINARY[..], &["/Users/", "/private/"]].concat();
    let seatbelt = World::new("files.read = ['/Users', '/private']", &paths).seatbelt();
    let reads = |path: &str| seatbelt.at("file-read-data", path, false);
    assert!(reads("/Users/bob/x") && reads("/private/x") && reads("/Users/ada/work/x"));
    assert!(!reads("/Users/ada/.ssh/id_rsa") && !reads("/private/tmp/x") && !reads("/private/var/folders/bb/x"));
    assert!(seatbelt.at("file-read-metadata", "/Users/ada", true) && !reads("/Users/ada"));
}

#[test]
fn links_are_followed_as_far_as_the_policy_goes() {
    let mut world = ordinary("files.write = ['@workspace', '/srv/link']");
    world.host.paths.insert("/srv/link".into(), Kind::Link { leads_to: "/mnt/Data".into(), directory: true });
    world.host.links.insert("/srv/link".into(), "/mnt/Data".into());
    let seatbelt = world.seatbelt();
    assert!(seatbelt.at("file-write-data", "/mnt/Data/x", false));
    assert!(!seatbelt.at("file-write-unlink", "/mnt/Data", true));
    assert!(seatbelt.at("file-read-metadata", "/srv/link", false) && seatbelt.at("file-read-metadata", "/tmp", false));
    assert!(!seatbelt.at("file-read-data", "/private/tmp/x", false));
}

#[test]
fn the_own_home_is_found_by_variables_and_links() {
    let plan = rust_only(ordinary("")).plan();
    assert_eq!(plan.environment["HOME"], Path::new(PRIVATE_HOME));
    let names: Vec<_> = plan.home_links.iter().filter_map(|link| link.target.strip_prefix("/Users/ada").ok()).collect();
    assert!(names.contains(&Path::new(".rustup")) && names.contains(&Path::new(".cargo/bin")), "{names:?}");
    let seatbelt = ordinary("").seatbelt();
    for place in [PRIVATE_HOME, PRIVATE_TEMP] {
        assert!(seatbelt.at("file-write-create", &format!("{place}/.npmrc"), false));
        assert!(!seatbelt.at("file-write-unlink", place, true));
    }
}

#[test]
fn paths_are_quoted_or_refused() {
    let hidden = |name: &str| {
        let mut world = ordinary("");
        world.host.denied.push((format!("/Users/ada/work/{name}").into(), false));
        world.host
    };
    let policy = ordinary("").policy;
    let build = |host: &Host| macos::build(&policy, host);
    let path = "x\"))(allow file-read-data (subpath \"/\\";
    let plan = build(&hidden(path)).expect("a plan");
    let seatbelt = Seatbelt::read(&plan.seatbelt.text().expect("a text"));
    assert!(!seatbelt.at("file-read-data", &format!("/Users/ada/work/{path}"), false));
    assert!(!seatbelt.at("file-read-data", "/Users/ada/.ssh/id_rsa", false));
    let refused = build(&hidden("a\u{7}b"));
    assert!(matches!(refused, Err(PlanError::Text(TextError::Control { .. }))), "{refused:?}");
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_unicode_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let mut world = ordinary("");
    let path = Path::new(std::ffi::OsStr::from_bytes(b"/Users/ada/work/\xff"));
    world.host.denied.push((path.to_owned(), false));
    let refused = macos::build(&world.policy, &world.host);
    assert_eq!(refused, Err(PlanError::Text(TextError::NotUnicode { path: path.to_owned() })));
}

#[test]
fn a_path_that_a_person_wrote_must_exist() {
    let error = macos::build(&ordinary("files.read = ['/srv/data']").policy, &ordinary("").host).expect_err("missing");
    assert_eq!(error.to_string(), "/srv/data does not exist");
}
