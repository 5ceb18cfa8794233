//! Other sandboxes, asked for the same view of the machine as Pinfold's own plan.

use std::path::Path;

use serde_json::Value;

use crate::shell::{Result, command, read};

/// `bwrap` with the mounts of the plan for a workspace, and every namespace.
pub(super) fn bwrap(pinfold: &Path, workspace: &Path) -> Result<Vec<String>> {
    let plan = read(command(&pinfold.to_string_lossy(), ["plan", "--json"]).current_dir(workspace))?;
    let plan: Value = serde_json::from_str(&plan)?;
    let mut words: Vec<String> = ["bwrap", "--unshare-all", "--die-with-parent"].map(str::to_owned).into();
    for mount in plan["mounts"].as_array().ok_or("the plan has no mounts")? {
        words.extend(option(mount)?);
    }
    words.extend(["--chdir".to_owned(), text(&plan, "workspace")?]);
    Ok(words)
}

/// One mount of the plan, in bwrap's words.
fn option(mount: &Value) -> Result<Vec<String>> {
    let words: Vec<String> = match mount["step"].as_str().unwrap_or_default() {
        "bind" if mount["mode"] == "writable" => vec!["--bind".into(), text(mount, "source")?, text(mount, "at")?],
        // bwrap has no layers of its own in every version; a read-only view is as much work.
        "bind" | "copy-on-write" => vec!["--ro-bind".into(), text(mount, "source")?, text(mount, "at")?],
        "private" => {
            let mode = mount["mode"].as_u64().unwrap_or(0o755);
            vec!["--perms".into(), format!("{mode:o}"), "--dir".into(), text(mount, "at")?]
        }
        "link" => vec!["--symlink".into(), text(mount, "target")?, text(mount, "at")?],
        "pin" => vec!["--bind".into(), text(mount, "at")?, text(mount, "at")?],
        "seal" => vec!["--ro-bind".into(), text(mount, "at")?, text(mount, "at")?],
        "hide" if mount["directory"] == true => {
            ["--perms", "0000", "--tmpfs"].map(str::to_owned).into_iter().chain([text(mount, "at")?]).collect()
        }
        // Any file will do.
        "hide" | "mask" | "text" => vec!["--ro-bind".into(), "/dev/null".into(), text(mount, "at")?],
        "place" => vec!["--dir".into(), text(mount, "at")?],
        "proc" => vec!["--proc".into(), "/proc".into()],
        "devices" => vec!["--dev".into(), "/dev".into()],
        other => return Err(format!("the plan has a step `{other}` that the benchmark cannot tell bwrap").into()),
    };
    Ok(words)
}

fn text(value: &Value, key: &str) -> Result<String> {
    Ok(value[key].as_str().ok_or_else(|| format!("no `{key}` in {value}"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mounts_are_told_in_bwraps_words() {
        let bind = json!({"step": "bind", "source": "/usr", "at": "/usr", "mode": "read-only"});
        assert_eq!(option(&bind).unwrap(), ["--ro-bind", "/usr", "/usr"]);
        assert_eq!(option(&json!({"step": "seal", "at": "/w/.git/hooks"})).unwrap()[0], "--ro-bind");
        assert!(option(&json!({"step": "teleport"})).is_err());
    }
}
