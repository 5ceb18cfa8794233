//! What lies in the workspace and is executed outside: it stays as it is, by whatever name, and nothing new of the kind stays.

use pinfold_plan::Promise::{MetadataSealed, MetadataWatched};

use super::Sign::{Appeared, OpenToAll, Own};
use super::Verb::*;
use super::{Attack, Verb, attack};

const HOOKS: &str = r".git\hooks";
const CONFIG: &str = r".git\config";

/// After something that exists in the directory of the attack, which is a repository with settings of editors and agents.
const fn sealed(
    name: &'static str,
    harm: &'static str,
    verb: Verb,
    words: &'static [&'static str],
    at: &'static str,
) -> Attack {
    attack(MetadataSealed, name, harm, verb, words, Own(at))
}

/// After a file that is planted and must be gone when the run is over.
const fn watched(name: &'static str, harm: &'static str, word: &'static [&'static str; 1]) -> Attack {
    attack(MetadataWatched, name, harm, Plant, word, Appeared(word[0]))
}

/// A new hook, by another spelling of its directory.
const fn hook(name: &'static str, harm: &'static str, word: &'static [&'static str; 1]) -> Attack {
    sealed(name, harm, Plant, word, HOOKS)
}

pub(super) const ATTACKS: &[Attack] = &[
    sealed("git-config", "the settings of git were changed", Append, &[r"{own}\.git\config"], CONFIG),
    sealed(
        "git-config-replaced",
        "the settings of git were replaced",
        Replace,
        &[r"{own}\.git\config", r"{own}\.git\config.lock"],
        CONFIG,
    ),
    sealed("git-config-removed", "the settings of git were removed", Remove, &[r"{own}\.git\config"], CONFIG),
    sealed(
        "git-config-as-stream",
        "the settings of git were changed by the name of their content",
        Append,
        &[r"\\?\{own}\.git\config::$DATA"],
        CONFIG,
    ),
    sealed(
        "git-config-by-link",
        "the settings of git were changed through a hard link",
        WriteByLink,
        &[r"{own}\.git\config", r"{own}\link"],
        CONFIG,
    ),
    attack(
        MetadataSealed,
        "git-config-list",
        "the access list of the settings of git was changed",
        List,
        &[r"{own}\.git\config"],
        OpenToAll(CONFIG),
    ),
    sealed("git-hook", "a git hook was changed", Append, &[r"{own}\.git\hooks\pre-push"], HOOKS),
    sealed("git-hook-removed", "a git hook was removed", RemoveOnClose, &[r"{own}\.git\hooks\pre-push"], HOOKS),
    sealed(
        "git-hook-renamed",
        "a git hook was renamed",
        Rename,
        &[r"{own}\.git\hooks\pre-push", r"{own}\.git\hooks\post-checkout"],
        HOOKS,
    ),
    sealed(
        "git-hook-taken",
        "a git hook was moved away",
        Rename,
        &[r"{own}\.git\hooks\pre-push", r"{own}\taken"],
        HOOKS,
    ),
    hook("git-hook-new", "a git hook was added", &[r"{own}\.git\hooks\post-checkout"]),
    hook("git-hook-in-capitals", "a git hook was added by a name in capitals", &[r"{own}\.GIT\HOOKS\post-checkout"]),
    hook("git-hook-by-short-name", "a git hook was added by a short name", &[r"{own}\GIT~1\hooks\post-checkout"]),
    hook(
        "git-hook-by-index",
        "a git hook was added by the name of the directory's index",
        &[r"\\?\{own}\.git\hooks::$INDEX_ALLOCATION\post-checkout"],
    ),
    hook(
        "git-hook-by-dot",
        "a git hook was added by a name with a dot at its end",
        &[r"{own}\.git.\hooks.\post-checkout"],
    ),
    hook(
        "git-hook-by-space",
        "a git hook was added by a name with a space at its end",
        &[r"{own}\.git \hooks \post-checkout"],
    ),
    hook("git-hook-verbatim", r"a git hook was added by a path with `\\?\`", &[r"\\?\{own}\.git\hooks\post-checkout"]),
    hook("git-hook-by-device", r"a git hook was added by a path with `\\.\`", &[r"\\.\{own}\.git\hooks\post-checkout"]),
    hook("git-hook-by-slashes", "a git hook was added by a path with slashes", &["{own}/.git/hooks/post-checkout"]),
    sealed(
        "git-hook-by-junction",
        "a git hook was changed through a junction",
        WriteByJunction,
        &[r"{own}\.git\hooks", r"{own}\junction", "pre-push"],
        HOOKS,
    ),
    sealed(
        "git-hook-by-drive",
        "a git hook was changed by a drive letter of the attacker's",
        WriteByDrive,
        &[r"{own}\.git\hooks", "pre-push"],
        HOOKS,
    ),
    sealed(
        "editor-settings",
        "settings of an editor were changed",
        Overwrite,
        &[r"{own}\.vscode\settings.json"],
        ".vscode",
    ),
    sealed("editor-settings-new", "settings of an editor were added", Plant, &[r"{own}\.vscode\tasks.json"], ".vscode"),
    sealed("agent-settings", "settings of an agent were removed", Remove, &[r"{own}\.mcp.json"], ".mcp.json"),
    sealed("shell-settings", "an .envrc was overwritten", Overwrite, &[r"{own}\.envrc"], ".envrc"),
    sealed("shell-settings-replaced", "an .envrc was replaced", Replace, &[r"{own}\.envrc", r"{own}\made"], ".envrc"),
    watched("new-envrc", "a new .envrc stayed", &[r"{own}\.envrc"]),
    watched("new-envrc-in-capitals", "a new .ENVRC stayed", &[r"{own}\.ENVRC"]),
    watched("new-editor-settings", "a new .idea directory stayed", &[r"{own}\.idea\workspace.xml"]),
    watched("new-agent-settings", "a new .claude directory stayed", &[r"{own}\.claude\settings.json"]),
    watched(
        "new-below",
        "a new .vscode directory in a subdirectory stayed",
        &[r"{own}\sub\package\.vscode\tasks.json"],
    ),
    watched("new-git-settings", "new settings of git stayed", &[r"{own}\nested\.git\config.worktree"]),
    watched(
        "new-hook-in-nested-repository",
        "a new hook in a nested repository stayed",
        &[r"{own}\nested\.git\hooks\post-checkout"],
    ),
    attack(
        MetadataWatched,
        "new-repository",
        "a new repository with a hook stayed",
        Repository,
        &[r"{own}\brought"],
        Appeared(r"{own}\brought\.git\hooks\post-checkout"),
    ),
    // What takes directories away.
    sealed(
        "git-hooks-moved",
        "the directory of git hooks was renamed",
        Rename,
        &[r"{own}\.git\hooks", r"{own}\.git\aside"],
        HOOKS,
    ),
    sealed("git-moved", "the git directory was renamed", Rename, &[r"{own}\.git", r"{own}\aside"], HOOKS),
    sealed(
        "git-exchanged",
        "the git directory was renamed and another one made",
        Exchange,
        &[r"{own}\.git", r"{own}\aside", r"hooks\pre-push"],
        HOOKS,
    ),
    sealed(
        "repository-moved",
        "the directory of a repository was renamed and another one made",
        Exchange,
        &[r"{own}\below", r"{own}\aside", r".git\hooks\pre-push"],
        r"below\.git\hooks",
    ),
];
