//! Writable places that the policy names by a symbolic link: what is protected in them is protected under both names.

use pinfold_tests::{Attack, Scene};

/// A second repository that the user reaches, and opens, by a link.
fn behind_a_link(attack: Attack) -> Attack {
    let scene = |scene: &Scene| {
        scene.write("home/real/file", "text\n");
        scene.git("home/real", &["init", "--quiet"]);
        scene.git("home/real", &["add", "file"]);
        scene.git("home/real", &["commit", "--quiet", "--message", "first"]);
        scene.link("real", "home/link");
    };
    attack.before(scene).flags("--write ~/link").before(|scene| {
        scene.set("REAL", scene.path("home/real"));
        scene.set("LINK", scene.path("home/link"));
    })
}

/// Under both names: `$DIR` is the link, then what it leads to.
fn both(script: &str) -> Attack {
    behind_a_link(Attack::sh(format!(r#"for DIR in "$LINK" "$REAL"; do ( {script} ); done; sleep 0.2"#)))
}

#[test]
fn the_git_settings_are_changed() {
    both(r#"trap_config >> "$DIR/.git/config""#).springs_in("home/real").is_contained();
}

#[test]
fn the_git_directory_is_exchanged() {
    both(r#"cp -r "$DIR/.git" "$DIR/mine"; trap_config >> "$DIR/mine/config"; mv "$DIR/.git" "$DIR/old"; mv "$DIR/mine" "$DIR/.git""#)
        .springs_in("home/real")
        .is_contained();
}

#[test]
fn a_hook_appears() {
    both(r#"trap_at "$DIR/.git/hooks/pre-commit""#).springs_in("home/real").is_contained();
}

#[test]
fn the_tasks_of_an_editor_are_changed() {
    both(r#"echo evil > "$DIR/.vscode/tasks.json""#).harms("home/real/.vscode/tasks.json").is_contained();
}

#[test]
fn the_tasks_of_an_editor_appear() {
    both(r#"mkdir -p "$DIR/.vscode"; echo evil > "$DIR/.vscode/tasks.json""#)
        .plants("home/real/.vscode")
        .is_contained();
}

#[test]
fn the_env_file_is_read() {
    both(r#"cat "$DIR/.env" >> "$LOOT""#).steals("home/real/.env").is_contained();
}

#[test]
fn a_file_that_is_denied_by_the_link_is_read() {
    both(r#"cat "$DIR/keys/one" >> "$LOOT""#)
        .steals("home/real/keys/one")
        .flags("--deny ~/link/keys/one")
        .is_contained();
}

#[test]
fn a_pattern_that_begins_with_the_link_is_read() {
    both(r#"cat "$DIR/keys/one" >> "$LOOT""#).steals("home/real/keys/one").flags("--deny ~/link/keys/*").is_contained();
}

#[test]
fn a_file_that_is_denied_by_another_link_is_read() {
    // The place is opened by its own name, the denial goes by a link.
    Attack::sh(r#"cat "$OTHER/keys/one" > "$LOOT""#)
        .steals("home/other/keys/one")
        .before(|scene| scene.link("other", "home/by-another-name"))
        .flags("--read $OTHER --deny ~/by-another-name/keys/*")
        .is_contained();
}

#[test]
fn a_place_within_is_left_read_only() {
    both(r#"mv "$DIR/docs" "$DIR/old"; mkdir -p "$DIR/docs"; echo stolen > "$DIR/docs/page""#)
        .harms("home/real/docs/page")
        .flags("--read ~/link/docs")
        .is_contained();
}
