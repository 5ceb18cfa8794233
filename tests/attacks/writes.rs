//! Writing where the policy does not let anybody write, by plain paths.

use pinfold_tests::{Attack, Scene};

#[test]
fn a_note_in_the_home_is_overwritten() {
    Attack::sh(r#"echo stolen > "$HOME/notes.txt""#).harms("home/notes.txt").is_contained();
}

#[test]
fn a_note_in_the_home_is_removed() {
    Attack::sh(r#"rm -f "$HOME/notes.txt""#).harms("home/notes.txt").is_contained();
}

#[test]
fn a_note_in_the_home_is_renamed() {
    Attack::sh(r#"mv "$HOME/notes.txt" "$HOME/gone.txt""#).harms("home/notes.txt").is_contained();
}

#[test]
fn a_new_file_appears_in_the_home() {
    Attack::sh(r#"echo new > "$HOME/planted""#).plants("home/planted").is_contained();
}

#[test]
fn the_shell_start_up_file_is_extended() {
    Attack::sh(r#"for f in .bashrc .profile .zshrc; do echo evil >> "$HOME/$f"; done"#)
        .harms("home/.bashrc")
        .harms("home/.profile")
        .harms("home/.zshrc")
        .is_contained();
}

#[test]
fn a_missing_shell_start_up_file_is_made() {
    Attack::sh(r#"echo evil > "$HOME/.bash_login""#).plants("home/.bash_login").is_contained();
}

#[test]
fn the_users_git_settings_are_changed() {
    Attack::sh(r#"git config --global core.fsmonitor evil"#).harms("home/.gitconfig").is_contained();
}

#[test]
fn an_ssh_key_is_authorised() {
    Attack::sh(r#"mkdir -p "$HOME/.ssh"; echo key >> "$HOME/.ssh/authorized_keys""#)
        .harms("home/.ssh/authorized_keys")
        .is_contained();
}

#[test]
fn a_program_is_put_before_others_on_the_path() {
    Attack::sh(r#"mkdir -p "$HOME/.local/bin"; echo evil > "$HOME/.local/bin/git""#)
        .before(|scene| scene.directory("home/.local/bin"))
        .plants("home/.local/bin/git")
        .is_contained();
}

#[test]
fn a_login_service_is_installed() {
    Attack::sh(r#"d="$HOME/.config/systemd/user"; mkdir -p "$d"; echo evil > "$d/evil.service""#)
        .plants("home/.config/systemd/user/evil.service")
        .is_contained();
}

#[test]
fn another_project_is_changed() {
    Attack::sh(r#"echo stolen >> "$OTHER/README""#).harms("home/other").is_contained();
}

#[test]
fn another_project_is_removed() {
    Attack::sh(r#"rm -rf "$OTHER""#).harms("home/other").is_contained();
}

#[test]
fn a_directory_outside_the_home_is_changed() {
    Attack::sh(r#"echo stolen > "$OUTSIDE/README"; echo new > "$OUTSIDE/planted""#).harms("elsewhere").is_contained();
}

#[test]
fn a_readable_directory_is_written_to() {
    Attack::sh(r#"echo stolen > "$OUTSIDE/README"; echo new > "$OUTSIDE/planted"; rm -f "$OUTSIDE/README""#)
        .flags("--read $OUTSIDE")
        .harms("elsewhere")
        .is_contained();
}

#[test]
fn a_file_in_a_readable_directory_is_truncated_by_path() {
    Attack::python("os.truncate(E['OUTSIDE'] + '/README', 0)")
        .flags("--read $OUTSIDE")
        .harms("elsewhere")
        .is_contained();
}

#[test]
fn the_workspace_is_written_to_under_a_read_only_profile() {
    Attack::sh(r#"echo stolen > README; echo new > planted; rm -f README"#)
        .flags("--profile read-only")
        .leaves_no_mark()
        .harms("home/project/README")
        .plants("home/project/planted")
        .is_contained();
}

#[test]
fn the_temporary_directory_of_the_host_is_written_to() {
    Attack::sh(r#"echo new > "/tmp/$MARK"; echo new > "/var/tmp/$MARK""#)
        .harm(|scene| {
            let paths = ["/tmp", "/var/tmp"].map(|directory| std::path::Path::new(directory).join(scene.mark()));
            let planted = paths.iter().any(|path| path.exists());
            paths.iter().for_each(|path| drop(std::fs::remove_file(path)));
            planted.then(|| "a file appeared in a temporary directory".into())
        })
        .is_contained();
}

#[test]
fn a_temporary_file_of_somebody_else_is_changed() {
    Attack::sh(r#"echo stolen > "/tmp/$MARK-note""#)
        .before(|scene| {
            let path = format!("/tmp/{}-note", scene.mark());
            std::fs::write(&path, "as it was\n").expect("a temporary file");
            scene.user.own(path.as_ref());
        })
        .harm(|scene| {
            let path = format!("/tmp/{}-note", scene.mark());
            let content = std::fs::read_to_string(&path).unwrap_or_default();
            let _ = std::fs::remove_file(&path);
            (content != "as it was\n").then(|| "the temporary file is another".into())
        })
        .is_contained();
}

#[test]
fn the_directory_that_holds_the_workspace_gets_a_new_name() {
    Attack::sh(r#"mv "$WORKSPACE" "$HOME/moved" && echo x > "$HOME/planted""#)
        .plants("home/moved")
        .plants("home/planted")
        .harm(|scene| (!scene.has("home/project/README")).then(|| "the workspace is gone from its place".into()))
        .is_contained();
}

// ---- by the hand of the next run ----

fn next_run(scene: &Scene) {
    scene.run(&["/bin/true".to_owned()], &[]);
}

#[test]
fn a_note_is_overwritten_through_a_link_where_the_next_run_writes_git_settings() {
    Attack::sh(
        r#"rm -f "$HOME/.gitconfig"; ln -s "$HOME/notes.txt" "$HOME/.gitconfig.new"; echo evil > "$HOME/.gitconfig.new""#,
    )
    .harms("home/notes.txt")
    .after(next_run)
    .is_contained();
}

#[test]
fn a_closed_directory_is_opened_through_a_link_on_the_way_to_the_workspace() {
    const IN_DEPTH: &str = r#"cd "$HOME/deep/work"; exec "$@""#;
    Attack::sh(r#"mv "$HOME/deep" "$HOME/gone"; ln -s "$OUTSIDE/closed" "$HOME/deep"; chmod 755 "$HOME/deep/work""#)
        .before(|scene| {
            scene.directory("home/deep/work");
            scene.directory("elsewhere/closed/work");
            scene.mode("elsewhere/closed/work", 0o555);
        })
        .launcher(IN_DEPTH)
        .flags("--write $WORKSPACE")
        .harms("elsewhere/closed")
        .after(|scene| drop(scene.launch(&["/bin/true".to_owned()], &[], Some(IN_DEPTH), [false; 3]).wait()))
        .is_contained();
}
