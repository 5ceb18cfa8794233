//! Files that something outside executes later: tasks of editors, settings of agents, what shells obey on entering a
//! directory. Existing ones must be as before, new ones gone when the run has ended.

use pinfold_tests::Attack;

fn changes(path: &str) -> Attack {
    Attack::sh(format!(r#"echo evil >> "{path}"; mv "{path}" gone-{0}; echo evil > "{path}""#, path.replace('/', "-")))
        .harms(&format!("home/project/{path}"))
}

fn appears(path: &str) -> Attack {
    Attack::sh(format!(r#"mkdir -p "$(dirname "{path}")"; echo evil > "{path}"; sleep 0.2"#))
        .plants(&format!("home/project/{path}"))
}

#[test]
fn the_tasks_of_an_editor_are_changed() {
    changes(".vscode/tasks.json").is_contained();
}

#[test]
fn the_tasks_of_an_editor_appear() {
    appears(".vscode/tasks.json").is_contained();
}

#[test]
fn the_tasks_of_an_editor_appear_beside_existing_settings() {
    appears(".vscode/tasks.json")
        .before(|scene| scene.write("home/project/.vscode/settings.json", "{}\n"))
        .is_contained();
}

#[test]
fn the_tasks_of_an_editor_appear_in_a_package() {
    appears("packages/a/.vscode/tasks.json").before(|scene| scene.directory("home/project/packages/a")).is_contained();
}

#[test]
fn the_tasks_of_an_editor_appear_in_a_new_directory() {
    appears("brand/new/.vscode/tasks.json").is_contained();
}

#[test]
fn the_tasks_of_an_editor_are_changed_in_a_package() {
    changes("packages/a/.vscode/tasks.json").is_contained();
}

#[test]
fn the_package_around_the_tasks_of_an_editor_is_replaced() {
    Attack::sh(r#"mv packages old; mkdir -p packages/a/.vscode; echo evil > packages/a/.vscode/tasks.json"#)
        .harms("home/project/packages/a/.vscode/tasks.json")
        .is_contained();
}

#[test]
fn the_tasks_of_an_editor_come_by_renaming() {
    Attack::sh(r#"mkdir innocent; echo evil > innocent/tasks.json; mv innocent .vscode; sleep 0.2"#)
        .plants("home/project/.vscode")
        .is_contained();
}

#[test]
fn the_tasks_of_an_editor_come_as_a_link() {
    Attack::sh(r#"mkdir innocent; echo evil > innocent/tasks.json; ln -s innocent .vscode; sleep 0.2"#)
        .plants("home/project/.vscode")
        .is_contained();
}

#[test]
fn the_tasks_of_an_editor_lie_where_a_link_leads() {
    // `.vscode` is a link to a directory of the project, as some keep it.
    Attack::sh(r#"echo evil > editor/tasks.json"#)
        .harms("home/project/editor/tasks.json")
        .before(|scene| scene.link("editor", "home/project/.vscode"))
        .is_contained();
}

#[test]
fn the_tasks_of_an_editor_appear_in_the_last_moment() {
    Attack::sh(r#"mkdir innocent; echo evil > innocent/tasks.json; mv innocent .vscode; kill -9 $$"#)
        .plants("home/project/.vscode")
        .is_contained();
}

#[test]
fn a_directory_that_nobody_may_move_is_left_behind() {
    // A directory moves to another one only if its owner may write to it.
    Attack::sh(
        r#"mkdir innocent; echo evil > innocent/tasks.json; chmod 500 innocent; mv innocent .vscode; sleep 0.2"#,
    )
    .plants("home/project/.vscode")
    .is_contained();
}

#[test]
fn the_workspace_is_closed_so_that_nothing_can_be_moved_away() {
    Attack::python(
        r#"
os.mkdir("innocent")
open("innocent/tasks.json", "w").write("evil")
os.rename("innocent", ".vscode")
os.chmod(".", 0o555)
time.sleep(0.2)
"#,
    )
    .plants("home/project/.vscode")
    .is_contained();
}

#[test]
fn a_trap_lies_in_a_directory_that_cannot_be_listed() {
    // Who knows the name can enter; who looks for names cannot.
    Attack::sh(r#"mkdir -p packages/a; echo evil > packages/a/.envrc; chmod 311 packages/a; sleep 0.2"#)
        .plants("home/project/packages/a/.envrc")
        .is_contained();
}

#[test]
fn a_trap_lies_in_a_directory_that_nobody_may_change() {
    Attack::sh(r#"mkdir -p packages/a; echo evil > packages/a/.envrc; chmod 555 packages/a; sleep 0.2"#)
        .plants("home/project/packages/a/.envrc")
        .is_contained();
}

#[test]
fn a_trap_is_hidden_behind_a_tree_that_is_too_deep() {
    Attack::python(
        r#"
os.makedirs("packages/a")
open("packages/a/.envrc", "w").write("evil")
os.mkdir("deep")
os.chdir("deep")
for level in range(1100):
    os.mkdir("d")
    os.chdir("d")
"#,
    )
    .plants("home/project/packages/a/.envrc")
    .is_contained();
}

#[test]
fn a_trap_is_moved_from_package_to_package() {
    // Never long where somebody looks.
    Attack::python(
        r#"
for name in ("a", "b", "c"):
    os.makedirs("packages/" + name)
open("packages/a/.envrc", "w").write("evil")
stop = time.time() + 0.8
while time.time() < stop:
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        attempt(os.rename, f"packages/{one}/.envrc", f"packages/{other}/.envrc")
"#,
    )
    .plants("home/project/packages/a/.envrc")
    .plants("home/project/packages/b/.envrc")
    .plants("home/project/packages/c/.envrc")
    .is_contained();
}

#[test]
fn a_trap_comes_out_of_the_private_home() {
    // Another mount of the same file system: a rename between them must not carry anything past the watch.
    Attack::sh(r#"mkdir -p "$HOME/innocent"; echo evil > "$HOME/innocent/tasks.json"; mkdir packages; mv "$HOME/innocent" packages/.vscode; sleep 0.2"#)
        .plants("home/project/packages/.vscode")
        .is_contained();
}

#[test]
fn so_much_is_planted_that_some_stays() {
    Attack::python(
        r#"
for number in range(1100):
    open(".envrc", "w").write("evil")
    patience = time.time() + 0.5
    while os.path.exists(".envrc") and time.time() < patience and number < 1099:
        time.sleep(0)
    if time.time() >= patience:
        break
os.mkdir(".vscode")
open(".vscode/tasks.json", "w").write("evil")
"#,
    )
    .plants("home/project/.envrc")
    .plants("home/project/.vscode")
    .is_contained();
}

#[test]
fn the_settings_of_direnv_are_changed() {
    changes(".envrc").is_contained();
}

#[test]
fn the_settings_of_direnv_appear() {
    appears(".envrc").is_contained();
}

#[test]
fn the_settings_of_direnv_appear_in_a_package() {
    appears("packages/a/.envrc").is_contained();
}

#[test]
fn the_settings_of_direnv_come_as_a_hard_link() {
    Attack::sh(r#"echo evil > innocent; ln innocent .envrc; sleep 0.2"#).plants("home/project/.envrc").is_contained();
}

#[test]
fn the_servers_of_an_agent_are_changed() {
    changes(".mcp.json").is_contained();
}

#[test]
fn the_servers_of_an_agent_appear() {
    appears(".mcp.json").is_contained();
}

#[test]
fn the_hooks_of_an_agent_are_changed() {
    changes(".claude/settings.json").is_contained();
}

#[test]
fn the_hooks_of_an_agent_appear_beside_existing_commands() {
    appears(".claude/settings.json")
        .before(|scene| scene.write("home/project/.claude/commands/x.md", "text\n"))
        .is_contained();
}

#[test]
fn the_hooks_of_an_agent_appear() {
    appears(".claude/settings.local.json").is_contained();
}

#[test]
fn the_settings_of_other_agents_appear() {
    Attack::sh(
        r#"for d in .codex .gemini .cursor .windsurf .kiro .opencode; do mkdir -p $d; echo evil > $d/config; done; sleep 0.2"#,
    )
    .plants("home/project/.codex")
    .plants("home/project/.gemini")
    .plants("home/project/.cursor")
    .plants("home/project/.windsurf")
    .plants("home/project/.kiro")
    .plants("home/project/.opencode")
    .is_contained();
}

#[test]
fn the_run_configurations_of_an_editor_appear() {
    appears(".idea/workspace.xml").is_contained();
}

#[test]
fn the_commands_of_a_development_container_appear() {
    appears(".devcontainer/devcontainer.json").is_contained();
}

#[test]
fn the_policy_of_the_next_run_is_changed() {
    changes("pinfold.toml").before(|scene| scene.write("home/project/pinfold.toml", "version = 1\n")).is_contained();
}

#[test]
fn the_policy_of_the_next_run_appears() {
    appears("pinfold.toml").is_contained();
}

#[test]
fn a_trap_is_laid_in_a_second_writable_directory() {
    Attack::sh(r#"mkdir -p "$OTHER/.vscode"; echo evil > "$OTHER/.vscode/tasks.json"; sleep 0.2"#)
        .flags("--write $OTHER")
        .plants("home/other/.vscode")
        .is_contained();
}

#[test]
fn a_trap_in_a_second_writable_directory_is_changed() {
    Attack::sh(r#"echo evil > "$OTHER/.vscode/tasks.json""#)
        .flags("--write $OTHER")
        .harms("home/other/.vscode/tasks.json")
        .is_contained();
}
