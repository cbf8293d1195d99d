//! Where the file of a workflow is, and by what name those beside it are known.

/// Where the file of a workflow is, from its path or what called it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkflowPlace<'f> {
    /// Its path in its repository.
    pub path: &'f str,
    /// The repository and the version of one that lies in another repository.
    pub elsewhere: Option<(&'f str, &'f str)>,
}

impl<'f> WorkflowPlace<'f> {
    /// `./.github/workflows/x.yml`, `$/…` and a plain path lie in the repository itself,
    /// `owner/name/.github/workflows/x.yml@v1` elsewhere.
    pub fn of(file: &'f str) -> Self {
        let own = file.strip_prefix("./").or_else(|| file.strip_prefix("$/"));
        let elsewhere = || {
            let (path, version) = file.rsplit_once('@')?;
            let (repository, _) = path.split_once("/.github/workflows/")?;
            let is_name = repository
                .split('/')
                .filter(|part| !part.is_empty())
                .count()
                == 2;
            (is_name && !repository.starts_with('/')).then(|| Self {
                path: &path[repository.len() + 1..],
                elsewhere: Some((repository, version)),
            })
        };
        let here = |path| Self {
            path,
            elsewhere: None,
        };
        own.map_or_else(|| elsewhere().unwrap_or(here(file)), here)
    }

    /// Returns what a workflow is known by that this one calls: `./` and `$/` mean the repository and the
    /// commit of the workflow that says so.
    pub fn called(&self, uses: &str) -> String {
        let own = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/"));
        match (own, self.elsewhere) {
            (Some(path), Some((repository, version))) => format!("{repository}/{path}@{version}"),
            (Some(path), None) => format!("./{path}"),
            (None, _) => uses.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn called_workflows_know_where_they_are() {
        for (file, path, elsewhere) in [
            (".github/workflows/a.yml", ".github/workflows/a.yml", None),
            ("./.github/workflows/a.yml", ".github/workflows/a.yml", None),
            ("$/.github/workflows/a.yml", ".github/workflows/a.yml", None),
            (
                "o/r/.github/workflows/a.yml@v1",
                ".github/workflows/a.yml",
                Some(("o/r", "v1")),
            ),
            (
                "/o/.github/workflows/a@b.yml",
                "/o/.github/workflows/a@b.yml",
                None,
            ),
        ] {
            assert_eq!(
                WorkflowPlace::of(file),
                WorkflowPlace { path, elsewhere },
                "{file}"
            );
        }
    }

    #[test]
    fn workflows_call_those_beside_them() {
        let beside = "./.github/workflows/b.yml";
        for (file, uses, expected) in [
            ("a.yml", beside, beside),
            ("a.yml", "$/.github/workflows/b.yml", beside),
            ("a.yml", "o/r/b.yml@v1", "o/r/b.yml@v1"),
            (
                "o/r/.github/workflows/a.yml@v1",
                beside,
                "o/r/.github/workflows/b.yml@v1",
            ),
        ] {
            assert_eq!(WorkflowPlace::of(file).called(uses), expected);
        }
    }
}
