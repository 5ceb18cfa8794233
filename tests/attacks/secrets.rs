//! Reading what is nobody's business: keys, passwords, history, other processes' environments.

use pinfold_tests::{Attack, harmless_here};

/// The attack finds a file by its real path and brings it home.
pub(crate) fn is_read(path: &str) -> Attack {
    let inside_home = path.strip_prefix("home/").expect("a path in the home");
    Attack::sh(format!(r#"cat "$HOME/{inside_home}" > "$LOOT""#)).steals(path)
}

#[test]
fn an_ssh_key_is_read() {
    is_read("home/.ssh/id_ed25519").is_contained();
}

#[test]
fn an_ssh_key_of_an_unusual_name_is_read() {
    is_read("home/.ssh/work-2019").is_contained();
}

#[test]
fn an_ssh_key_in_a_home_that_somebody_opened_is_read() {
    is_read("home/.ssh/id_rsa").flags("--read $HOME/.ssh").is_contained();
}

#[test]
fn cloud_credentials_are_read() {
    is_read("home/.aws/credentials").is_contained();
}

#[test]
fn the_token_of_a_cloud_command_is_read() {
    is_read("home/.config/gcloud/application_default_credentials.json").is_contained();
}

#[test]
fn the_passwords_of_netrc_are_read() {
    is_read("home/.netrc").is_contained();
}

#[test]
fn the_passwords_of_git_are_read() {
    is_read("home/.git-credentials").is_contained();
}

#[test]
fn the_npm_token_is_read() {
    is_read("home/.npmrc").is_contained();
}

#[test]
fn the_crates_token_beside_the_visible_cache_is_read() {
    is_read("home/.cargo/credentials.toml").before(|scene| scene.directory("home/.cargo/registry")).is_contained();
}

#[test]
fn the_passwords_of_a_browser_are_read() {
    is_read("home/.mozilla/firefox/x.default/logins.json").is_contained();
}

#[test]
fn the_cookies_of_a_browser_are_read() {
    is_read("home/.config/google-chrome/Default/Cookies").is_contained();
}

#[test]
fn the_shell_history_is_read() {
    is_read("home/.bash_history").is_contained();
}

#[test]
fn the_sign_in_of_an_agent_is_read() {
    is_read("home/.claude/.credentials.json").is_contained();
}

#[test]
fn a_gpg_key_is_read() {
    is_read("home/.gnupg/private-keys-v1.d/key.key").is_contained();
}

#[test]
fn a_letter_in_the_documents_is_read() {
    is_read("home/Documents/letter.txt").is_contained();
}

#[test]
fn another_project_is_read() {
    is_read("home/other/source.c").is_contained();
}

#[test]
fn what_other_projects_there_are_is_listed() {
    Attack::sh(r#"ls -a "$HOME" "$HOME/.." > "$LOOT""#)
        .before(|scene| scene.write(format!("home/{}", scene.secret()), ""))
        .robs()
        .is_contained();
}

// ---- in the workspace ----

#[test]
fn the_env_file_of_the_project_is_read() {
    is_read("home/project/.env").is_contained();
}

#[test]
fn the_env_file_of_a_package_deep_in_the_project_is_read() {
    is_read("home/project/packages/a/b/c/.env.production").is_contained();
}

#[test]
fn an_env_file_in_an_ignored_directory_is_read() {
    is_read("home/project/node_modules/x/.env")
        .before(|scene| scene.write("home/project/.gitignore", "node_modules\n"))
        .is_contained();
}

#[test]
fn a_key_in_the_project_is_read() {
    is_read("home/project/deploy/id_rsa").is_contained();
}

#[test]
fn the_env_file_is_read_by_its_other_name() {
    Attack::sh(r#"cat src/plain.txt > "$LOOT""#)
        .before(|scene| {
            scene.write("home/project/.env", scene.secret());
            scene.write("home/project/src/other", "");
            let names = ["home/project/.env", "home/project/src/plain.txt"].map(|name| scene.path(name));
            std::fs::hard_link(&names[0], &names[1]).expect("another name");
        })
        .robs()
        .is_contained();
}

#[test]
fn a_file_of_a_denied_directory_is_read_by_its_other_name() {
    Attack::sh(r#"cat src/plain.txt > "$LOOT""#)
        .before(|scene| {
            scene.write("home/project/private/file", scene.secret());
            scene.write("home/project/src/other", "");
            let names = ["home/project/private/file", "home/project/src/plain.txt"].map(|name| scene.path(name));
            std::fs::hard_link(&names[0], &names[1]).expect("another name");
        })
        .flags("--deny private")
        .robs()
        .is_contained();
}

#[test]
fn the_env_file_is_read_after_its_directory_got_another_name() {
    Attack::sh(r#"mv packages moved; cat moved/.env packages/.env > "$LOOT""#)
        .steals("home/project/packages/.env")
        .is_contained();
}

#[test]
fn the_env_file_is_renamed_and_read() {
    Attack::sh(r#"mv .env plain; cat plain > "$LOOT""#).steals("home/project/.env").is_contained();
}

#[test]
fn the_env_file_is_read_through_a_hard_link_made_inside() {
    Attack::sh(r#"ln .env plain; cat plain > "$LOOT""#).steals("home/project/.env").is_contained();
}

#[test]
fn the_env_file_is_read_through_a_link_that_was_there() {
    Attack::sh(r#"cat settings > "$LOOT""#)
        .steals("home/project/.env")
        .before(|scene| scene.link(".env", "home/project/settings"))
        .is_contained();
}

#[test]
fn the_env_file_is_read_when_it_is_itself_a_link() {
    Attack::sh(r#"cat .env config/real > "$LOOT""#)
        .steals("home/project/config/real")
        .before(|scene| scene.link("config/real", "home/project/.env"))
        .is_contained();
}

#[test]
fn the_env_file_is_removed_so_that_the_next_is_seen() {
    Attack::sh(r#"rm -f .env; mv .env x; : > .env"#).harms("home/project/.env").is_contained();
}

#[test]
fn the_env_file_is_read_by_copying_its_directory() {
    Attack::sh(r#"cp -a packages copy; cat copy/.env > "$LOOT"; tar cf - packages >> "$LOOT""#)
        .steals("home/project/packages/.env")
        .is_contained();
}

#[test]
fn a_denied_glob_is_read() {
    is_read("home/project/data/customers.csv").flags("--deny **/*.csv").is_contained();
}

#[test]
fn a_denied_glob_of_directories_is_read_in_a_large_project() {
    let others = |index| format!("home/project/parts/{index}/open/letter.txt");
    is_read("home/project/parts/500/private/deep/letter.txt")
        .flags("--deny **/private/**/*.txt")
        .before(move |scene| (0..600).for_each(|index| scene.write(others(index), "")))
        .is_contained();
}

#[test]
fn a_denied_directory_is_read() {
    is_read("home/project/private/deep/letter").flags("--deny private/").is_contained();
}

#[test]
fn a_denied_path_of_somewhere_else_is_read() {
    Attack::sh(r#"cat "$OUTSIDE/private/letter" > "$LOOT""#)
        .steals("elsewhere/private/letter")
        .flags("--read $OUTSIDE --deny $OUTSIDE/private")
        .is_contained();
}

/// One run makes another name for a directory above a denied file, and the next one reads it there.
fn is_read_by_the_next_run(script: &str, path: &str, moved: &str, flags: &str) -> Attack {
    let (next, next_flags) = (format!(r#"cat "{moved}" > "$LOOT""#), vec![flags.to_owned()]);
    let next_flags = if flags.is_empty() { Vec::new() } else { next_flags };
    let attack = Attack::sh(script).steals(&format!("home/project/{path}")).after(move |scene| {
        scene.run(&scene.sh(&next), &next_flags);
    });
    if flags.is_empty() { attack } else { attack.flags(flags) }
}

#[test]
fn a_file_that_is_denied_in_its_place_is_read_by_the_next_run() {
    is_read_by_the_next_run("mv config x", "config/prod.key", "x/prod.key", "--deny config/prod.key").is_contained();
}

#[test]
fn a_file_that_a_set_denies_in_its_place_is_read_by_the_next_run() {
    is_read_by_the_next_run("mv a/.kube a/x", "a/.kube/config", "a/x/config", "").is_contained();
}

#[test]
fn a_file_is_brought_to_where_denials_do_not_count_for_the_next_run() {
    is_read_by_the_next_run(
        "mkdir -p fixtures; mv a fixtures/a",
        "a/x.pem",
        "fixtures/a/x.pem",
        "--deny **/*.pem --deny !**/fixtures/**",
    )
    .is_contained();
}

#[test]
fn what_a_denied_link_leads_to_is_read_by_the_next_run() {
    is_read_by_the_next_run("mv config x; rm -f .env", "config/real", "x/real", "")
        .before(|scene| scene.link("config/real", "home/project/.env"))
        .is_contained();
}

#[test]
fn the_env_file_of_a_package_is_read_by_the_next_run_elsewhere() {
    // Denied by its name alone, wherever it is brought.
    is_read_by_the_next_run("mkdir -p b; mv a b/c", "a/.env", "b/c/.env", "").is_contained();
}

#[test]
fn the_env_file_is_read_after_its_directory_was_exchanged() {
    Attack::python(
        r#"
os.makedirs("decoy/deep", exist_ok=True)
do(libc.renameat2, -100, b"packages", -100, b"decoy", 2)
for path in ("packages/a/.env", "decoy/a/.env", "packages/.env"):
    attempt(steal, path)
attempt(os.link, "decoy/a/.env", "plain")
attempt(do, libc.renameat2, -100, b"decoy/a/.env", -100, b"README", 2)
for path in ("plain", "README"):
    attempt(steal, path)
"#,
    )
    .steals("home/project/packages/a/.env")
    .is_contained();
}

#[test]
fn the_env_file_is_read_by_a_descriptor_of_its_directory() {
    Attack::python(
        r#"
directory = os.open("packages/a", os.O_PATH)
os.rename("packages", "moved")
os.mkdir("packages")
os.rename("moved/a", "packages/b")
for path in (f"/proc/self/fd/{directory}/.env", "packages/b/.env", "packages/b/../b/.env"):
    attempt(steal, path)
attempt(lambda: loot(os.read(os.open(".env", os.O_RDONLY, dir_fd=directory), 100)))
"#,
    )
    .steals("home/project/packages/a/.env")
    .is_contained();
}

#[test]
fn the_env_file_is_read_from_a_workspace_that_is_only_readable() {
    Attack::sh(r#"cat .env > /tmp/seen; cat .env"#)
        .flags("--profile read-only")
        .before(|scene| scene.write("home/project/.env", format!("{}\n", scene.secret())))
        .leaves_no_mark()
        .harm(|scene| scene.printed().contains(scene.secret()).then(|| "the secret was printed".into()))
        .is_contained();
}

// ---- other processes, the environment, the kernel's keys ----

#[test]
fn a_variable_that_is_not_allowed_is_read() {
    Attack::sh(r#"env > "$LOOT""#)
        .before(|scene| scene.set_for_caller("PAYMENT_API_KEY", scene.secret()))
        .robs()
        .is_contained();
}

#[test]
fn a_variable_that_is_not_allowed_is_read_from_the_processes_above() {
    Attack::sh(r#"cat /proc/1/environ /proc/self/environ /proc/$PPID/environ /proc/*/environ > "$LOOT""#)
        .before(|scene| scene.set_for_caller("PAYMENT_API_KEY", scene.secret()))
        .robs()
        .is_contained();
}

#[test]
fn the_arguments_of_the_processes_above_are_read() {
    Attack::sh(r#"cat /proc/*/cmdline > "$LOOT""#)
        .before(|scene| scene.set_for_caller("PASSWORD", scene.secret()))
        .launcher(r#"bash -c '"${@:2}"; exit $?' launcher "$PASSWORD" "$@""#)
        .robs()
        .is_contained();
}

#[test]
fn the_environment_of_a_process_outside_is_read() {
    Attack::sh(r#"cat /proc/$VICTIM/environ /proc/*/environ > "$LOOT""#)
        .before(pinfold_tests::Scene::victim)
        .robs()
        .is_contained();
}

#[test]
fn the_arguments_of_a_process_outside_are_read() {
    Attack::sh(r#"cat /proc/*/cmdline > "$LOOT"; ps -eo args >> "$LOOT""#)
        .before(|scene| {
            let pid = scene.companion(
                "print('ready', flush=True)\nos.execv('/usr/bin/python3', ['python3', '-c', 'import time; time.sleep(60)', E['SECRET']])",
            );
            pinfold_tests::eventually(|| !pinfold_tests::marked(scene.secret()).is_empty());
            scene.set("VICTIM", pid.to_string());
        })
        .robs()
        .is_contained();
}

#[test]
fn the_memory_of_the_first_process_is_read() {
    // The first process inside is a copy of the supervisor, whose environment holds the secret.
    Attack::python(
        r#"
def search(process):
    for line in open(f"/proc/{process}/maps"):
        words = line.split()
        start, end = (int(word, 16) for word in words[0].split("-"))
        if "r" in words[1] and end - start < 1 << 27 and "[v" not in line:
            try:
                with open(f"/proc/{process}/mem", "rb") as memory:
                    memory.seek(start)
                    data = memory.read(end - start)
            except OSError:
                continue
            at = data.find(b"PAYMENT_API_KEY=")
            if at >= 0:
                loot(data[at:at + 200])
for process in {"1", str(os.getppid())}:
    attempt(search, process)
"#,
    )
    .before(|scene| scene.set_for_caller("PAYMENT_API_KEY", scene.secret()))
    .launcher(r#"bash -c '"$@"; exit $?' launcher "$@""#)
    .robs()
    .is_contained();
}

#[test]
fn the_memory_of_a_process_outside_is_read() {
    Attack::python(
        r#"
class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(64)
mine, theirs = Piece(ctypes.addressof(buffer), 64), Piece(int(E["COMPANION_SAYS"]), 64)
attempt(do, libc.process_vm_readv, int(E["VICTIM"]), ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0)
loot(buffer.raw)
"#,
    )
    .before(|scene| {
        let pid = scene.companion(
            "libc.prctl(0x59616d61, ctypes.c_ulong(-1 & 0xffffffffffffffff), 0, 0, 0)\nheld = ctypes.create_string_buffer(E['SECRET'].encode())\nprint('ready', ctypes.addressof(held), flush=True)\ntime.sleep(60)",
        );
        scene.set("VICTIM", pid.to_string());
    })
    .robs()
    .is_contained();
}

#[test]
fn a_descriptor_of_a_process_outside_is_fetched() {
    Attack::python(
        r#"
process = call("pidfd_open", int(E["VICTIM"]), 0)
fd = call("pidfd_getfd", process, int(E["COMPANION_SAYS"]), 0)
loot(os.pread(fd, 4096, 0))
"#,
    )
    .before(|scene| {
        let pid = scene.companion(
            "libc.prctl(0x59616d61, ctypes.c_ulong(-1 & 0xffffffffffffffff), 0, 0, 0)\nfd = os.memfd_create('held')\nos.write(fd, E['SECRET'].encode())\nprint('ready', fd, flush=True)\ntime.sleep(60)",
        );
        scene.set("VICTIM", pid.to_string());
    })
    .robs()
    .is_contained();
}

const PUTS_A_KEY_INTO_THE_SESSION: &str = r#"exec /usr/bin/python3 -c 'import ctypes, os, platform, sys
libc = ctypes.CDLL(None)
keyctl, add_key = (250, 248) if platform.machine() == "x86_64" else (219, 217)
libc.syscall(keyctl, 1, None)
secret = os.environ.pop("HELD").encode()
libc.syscall(add_key, b"user", b"pinfold-attack-" + secret, secret, len(secret), -3)
os.execv(sys.argv[1], sys.argv[1:])' "$@""#;

#[test]
fn a_key_of_the_session_keyring_is_read() {
    Attack::python(
        r#"
buffer = ctypes.create_string_buffer(4096)
def listed(keyring):
    length = call("keyctl", 11, keyring, buffer, 4096)
    return array.array("i", buffer.raw[:length - length % 4])
for keyring in (-3, -4, -5, -1, -2):
    for key in attempt(listed, keyring) or ():
        length = attempt(call, "keyctl", 11, key, buffer, 4096)
        loot(buffer.raw[:length or 0])
"#,
    )
    .before(|scene| scene.set_for_caller("HELD", scene.secret()))
    .launcher(PUTS_A_KEY_INTO_THE_SESSION)
    .robs()
    .is_contained();
}

#[test]
fn the_names_of_keys_are_read() {
    Attack::sh(r#"cat /proc/keys > "$LOOT""#)
        .before(|scene| scene.set_for_caller("HELD", scene.secret()))
        .launcher(PUTS_A_KEY_INTO_THE_SESSION)
        .robs()
        .is_contained();
}

#[test]
fn the_names_of_keys_of_the_user_are_read() {
    // The user keyring is one for all processes of a user, and lasts; hence the time-out.
    Attack::sh(r#"cat /proc/keys > "$LOOT""#)
        .before(|scene| {
            scene.companion(
            "key = call('add_key', b'user', E['SECRET'].encode(), b'x', 1, -4)\ncall('keyctl', 15, key, 20)\nprint('ready', flush=True)",
            );
        })
        .robs()
        .is_contained();
}

#[test]
fn what_is_mounted_outside_is_listed() {
    if !pinfold_tests::User::test_is_root() {
        return harmless_here("only root can mount something whose name is a secret");
    }
    Attack::sh(r#"cat /proc/self/mountinfo /proc/mounts /proc/1/mountinfo > "$LOOT""#)
        .before(|scene| {
            let place = format!("elsewhere/{}", scene.secret());
            scene.directory(&place);
            let place = scene.path(place);
            let bound = std::process::Command::new("mount").args(["--bind", "/usr/share"]).arg(&place).status();
            assert!(bound.is_ok_and(|status| status.success()), "a mount");
        })
        .after(|scene| {
            let place = scene.path(format!("elsewhere/{}", scene.secret()));
            let freed = std::process::Command::new("umount").arg(place).status();
            assert!(freed.is_ok_and(|status| status.success()), "the mount's end");
        })
        .robs()
        .is_contained();
}
