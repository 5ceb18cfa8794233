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
            when_ready(scene);
            call(scene, &["grant", "last", "read", "../other"]);
            assert!(eventually(|| scene.has("home/project/moved")));
            call(scene, &["revoke", "last", "read", "../other"]);
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
            when_ready(scene);
            call(scene, &["grant", "last", "read", "../other/inner"]);
            assert!(eventually(|| scene.has("home/project/moved")));
            call(scene, &["revoke", "last", "read", "../other/inner"]);
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
