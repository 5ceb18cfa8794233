//! What a run makes of what it is given while it goes on, and of what was taken back.

use std::time::Duration;

use pinfold_tests::{Attack, Runner, Running, Scene, eventually, pinfold};

/// The user gives a place to the run, or takes it back, from another terminal.
fn call(scene: &Scene, words: &[&str]) {
    if scene.runner() == Runner::Sandbox {
        let mut call = scene.command(pinfold());
        call.args(words).current_dir(scene.path("home/project"));
        let done = call.output().expect("pinfold");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

/// Goes on once the attacker has said that he is ready.
fn when_ready(scene: &Scene) {
    assert!(eventually(|| scene.has("home/project/ready")), "the attacker is ready");
}

/// The user gives a place, and takes it back once the attacker has left a mark in the workspace.
fn give_until(scene: &Scene, access: &str, place: &str, mark: &str) {
    when_ready(scene);
    call(scene, &["grant", "last", access, place]);
    assert!(eventually(|| scene.has(format!("home/project/{mark}"))), "the attacker has left {mark}");
    call(scene, &["revoke", "last", access, place]);
}

fn go_on(scene: &Scene) {
    scene.write("home/project/go", "");
}

#[test]
fn a_hook_is_written_in_the_moment_in_which_a_repository_is_given() {
    // It is tried without a pause, so that it happens as soon as anything there can be written.
    let script = r#"touch ready
        for i in $(seq 400); do
            trap_at "$OTHER/.git/hooks/pre-commit" 2> /dev/null; printf '[core]\nfsmonitor = %s\n' "$TRAP" 2> /dev/null >> "$OTHER/.git/config"
            test -e go && break; sleep 0.01
        done; sleep 0.2"#;
    Attack::sh(script)
        .before(|scene| drop(scene.git("home/other", &["init", "--quiet"])))
        .during(|scene, _: &mut Running| {
            when_ready(scene);
            call(scene, &["grant", "last", "write", "../other"]);
            std::thread::sleep(Duration::from_millis(200));
            go_on(scene);
        })
        .springs_in("home/other")
        .is_contained();
}

#[test]
fn a_place_that_was_taken_back_is_read_where_it_was_moved_to() {
    let script = r#"touch ready
        until cat "$OTHER/README" > /dev/null 2>&1; do sleep 0.02; done
        mkdir -p "$HOME/moved" 2> /dev/null; mv "$OTHER" "$HOME/moved/other" 2> /dev/null; touch moved
        until test -e go; do sleep 0.02; done
        cat "$HOME/moved/other/new" "$OTHER/new" > "$LOOT" 2> /dev/null"#;
    Attack::sh(script)
        .during(|scene, _| {
            give_until(scene, "read", "../other", "moved");
            let other = if scene.has("home/moved/other") { "home/moved/other/new" } else { "home/other/new" };
            scene.write(other, scene.secret());
            go_on(scene);
        })
        .robs()
        .is_contained();
}

#[test]
fn a_directory_around_a_granted_place_is_moved_away_to_keep_it() {
    let script = r#"touch ready
        until cat "$OTHER/inner/file" > /dev/null 2>&1; do sleep 0.02; done
        mv "$OTHER" "$HOME/kept" 2> /dev/null; touch moved
        until test -e go; do sleep 0.02; done
        cat "$HOME/kept/inner/file" "$OTHER/inner/file" > "$LOOT" 2> /dev/null"#;
    Attack::sh(script)
        .before(|scene| scene.write("home/other/inner/file", "nothing yet"))
        .during(|scene, _| {
            give_until(scene, "read", "../other/inner", "moved");
            let inner = if scene.has("home/kept/inner") { "home/kept/inner/file" } else { "home/other/inner/file" };
            scene.write(inner, scene.secret());
            go_on(scene);
        })
        .robs()
        .is_contained();
}

#[test]
fn a_link_in_the_place_of_a_granted_one_leads_it_elsewhere() {
    // What the user gives is to appear over the run's own files, where another program of the run would trust it.
    let script = r#"mkdir -p "$HOME/mine"; rm -rf "$OTHER"; ln -s "$OUTSIDE" "$OTHER"
        touch ready; until test -e go; do sleep 0.02; done; echo stolen > "$OTHER/planted""#;
    Attack::sh(script)
        .during(|scene, _| {
            when_ready(scene);
            call(scene, &["grant", "last", "read", "../other"]);
            go_on(scene);
        })
        .plants("elsewhere/planted")
        .is_contained();
}

#[test]
fn a_run_gives_itself_what_it_wants() {
    let script = r#"for name in last ""; do "$PINFOLD" grant last read "$OTHER" 2> /dev/null; done; cat "$OTHER/README" > "$LOOT""#;
    Attack::sh(script)
        .before(|scene| {
            scene.set("PINFOLD", pinfold());
            scene.write("home/other/README", scene.secret());
        })
        .robs()
        .is_contained();
}

#[test]
fn whoever_stays_in_a_place_that_is_taken_back_finds_it_without_its_seals() {
    // He has a file open there, so that it cannot be made read-only, and never leaves.
    let script = r#"touch ready
        until cd "$OTHER" 2> /dev/null; do sleep 0.02; done
        exec 9>> held; cd sub; touch "$WORKSPACE/inside"
        until test -e "$WORKSPACE/go"; do sleep 0.02; done
        cd ..; trap_at .git/hooks/pre-commit 2> /dev/null
        printf '[core]\nfsmonitor = %s\n' "$TRAP" 2> /dev/null >> .git/config; cat .env > "$LOOT" 2> /dev/null"#;
    Attack::sh(script)
        .flags("--deny **/.env")
        .before(|scene| {
            scene.git("home/other", &["init", "--quiet"]);
            scene.write("home/other/.env", scene.secret());
            scene.directory("home/other/sub");
        })
        .during(|scene, _| {
            give_until(scene, "write", "../other", "inside");
            go_on(scene);
        })
        .springs_in("home/other")
        .robs()
        .is_contained();
}

#[test]
fn whoever_stays_in_a_place_that_is_taken_back_changes_what_is_said_about_its_sealed_files() {
    // Landlock asks nobody about permission bits, so that only the seal keeps them.
    let script = r#"touch ready
        until cd "$OTHER" 2> /dev/null; do sleep 0.02; done
        exec 9>> held; touch "$WORKSPACE/inside"
        until test -e "$WORKSPACE/go"; do sleep 0.02; done
        chmod +x .git/hooks/pre-commit"#;
    Attack::sh(script)
        .before(|scene| {
            scene.git("home/other", &["init", "--quiet"]);
            let trap = scene.path("elsewhere/trap-went-off");
            scene.write_program("home/other/.git/hooks/pre-commit", &format!("#!/bin/sh\n: > '{}'\n", trap.display()));
            scene.mode("home/other/.git/hooks/pre-commit", 0o644);
        })
        .during(|scene, _| {
            give_until(scene, "write", "../other", "inside");
            go_on(scene);
        })
        .springs_in("home/other")
        .is_contained();
}

#[test]
fn what_was_granted_further_down_outlives_what_lay_around_it() {
    let script = r#"touch ready
        until cat "$OTHER/a/file" > /dev/null 2>&1; do sleep 0.02; done; touch first
        mv "$OTHER" "$HOME/kept" 2> /dev/null; touch moved
        until test -e go; do sleep 0.02; done
        cat "$HOME/kept/a/b/file" "$OTHER/a/b/file" > "$LOOT" 2> /dev/null"#;
    Attack::sh(script)
        .before(|scene| {
            scene.write("home/other/a/file", "nothing yet");
            scene.write("home/other/a/b/file", "nothing yet");
        })
        .during(|scene, _| {
            when_ready(scene);
            call(scene, &["grant", "last", "read", "../other/a"]);
            assert!(eventually(|| scene.has("home/project/moved")));
            if scene.runner() == Runner::Sandbox {
                call(scene, &["grant", "last", "read", "../other/a/b"]);
            }
            call(scene, &["revoke", "last", "read", "../other/a"]);
            let file = if scene.has("home/kept/a/b") { "home/kept/a/b/file" } else { "home/other/a/b/file" };
            scene.write(file, scene.secret());
            go_on(scene);
        })
        .robs()
        .is_contained();
}

#[test]
fn a_link_in_the_workspace_is_granted_where_it_leads() {
    let script =
        r#"ln -s "$OTHER" out; touch ready; until test -e go; do sleep 0.02; done; cat "$OTHER/file" > "$LOOT""#;
    Attack::sh(script)
        .before(|scene| {
            scene.write("home/other/file", scene.secret());
            scene.link("project", "home/mine");
        })
        .during(|scene, _| {
            when_ready(scene);
            if scene.runner() == Runner::Sandbox {
                for way in ["out", "../mine/out", "../mine/./out/../out"] {
                    let mut call = scene.command(pinfold());
                    call.args(["grant", "last", "read", way]).current_dir(scene.path("home/project"));
                    assert_eq!(call.output().expect("pinfold").status.code(), Some(125), "{way}");
                }
            }
            go_on(scene);
        })
        .robs()
        .is_contained();
}

#[test]
fn the_supervisor_is_held_up_by_pipes_in_what_it_looks_at() {
    // Then it would keep no limit, and nothing could be taken back.
    let script = r#"touch ready; until cd "$OTHER" 2> /dev/null && touch here 2> /dev/null; do sleep 0.02; done
        for name in a/.git b/.gitmodules c/.envrc d/.env .gitignore e/.git/HEAD e/.git/config e/.git/commondir pinfold.toml; do
            mkdir -p "$(dirname "$name")" 2> /dev/null; mkfifo "$name" 2> /dev/null; done
        touch "$WORKSPACE/laid"; until test -e "$WORKSPACE/go"; do sleep 0.02; done; cat later > "$LOOT" 2> /dev/null"#;
    Attack::sh(script)
        .during(|scene, _| {
            give_until(scene, "write", "../other", "laid");
            call(scene, &["grant", "last", "write", "../other"]);
            call(scene, &["revoke", "last", "write", "../other"]);
            scene.write("home/other/later", scene.secret());
            go_on(scene);
        })
        .robs()
        .is_contained();
}
