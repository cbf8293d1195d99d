//! How coverage.py is configured, in whichever file it would read. Measures nothing.

use toml::Value;
use towpath_report::Problem;

use crate::CoverageSettings;
use crate::files::{ProjectFiles, read_ini, read_toml, strings};
use crate::ini::{self, Ini};

/// Reads the first file that coverage.py itself would take: `.coveragerc`, `.coveragerc.toml`,
/// `setup.cfg`, `tox.ini`, `pyproject.toml`; then what the test runner's options add.
pub(crate) fn read(
    files: &ProjectFiles<'_>,
    add_options: &[String],
    problems: &mut Vec<Problem>,
) -> CoverageSettings {
    let mut settings = from_file(files, problems);
    for (index, option) in add_options.iter().enumerate() {
        let (name, value) = option.split_once('=').unwrap_or((option.as_str(), ""));
        let value = if value.is_empty() {
            add_options.get(index + 1).map_or("", String::as_str)
        } else {
            value
        };
        match name {
            "--cov-branch" => settings.branch = true,
            "--cov-fail-under" if settings.fail_under.is_none() => {
                settings.fail_under = value.parse().ok();
            }
            // A bare `--cov` measures the configured sources.
            "--cov"
                if !value.is_empty() && !value.starts_with('-') && settings.source.is_empty() =>
            {
                settings.source.push(value.to_owned());
            }
            "--cov-config" if settings.config_file.is_none() => {
                settings.config_file =
                    Some(files.path(value)).filter(|path| files.tree.contains(path));
            }
            _ => {}
        }
    }
    settings
}

fn from_file(files: &ProjectFiles<'_>, problems: &mut Vec<Problem>) -> CoverageSettings {
    if let Some(ini) = read_ini(files.tree, &files.path(".coveragerc"), problems) {
        return of_ini(&ini, files.path(".coveragerc"), "");
    }
    if let Some(table) = read_toml(files.tree, &files.path(".coveragerc.toml"), problems) {
        return of_toml(&table, files.path(".coveragerc.toml"));
    }
    for (name, ini) in [("setup.cfg", &files.setup_cfg), ("tox.ini", &files.tox_ini)] {
        if let Some(ini) = ini
            && ini
                .sections
                .iter()
                .any(|section| section.name.starts_with("coverage:"))
        {
            return of_ini(ini, files.path(name), "coverage:");
        }
    }
    match files.table(&["tool", "coverage"]) {
        Some(table) => of_toml(table, files.path("pyproject.toml")),
        None => CoverageSettings::default(),
    }
}

fn of_ini(ini: &Ini, file: String, prefix: &str) -> CoverageSettings {
    let run = format!("{prefix}run");
    let list = |key: &str| {
        let value = ini.get(&run, key).unwrap_or_default();
        value.lines().flat_map(ini::list).collect::<Vec<String>>()
    };
    let mut source = list("source");
    source.extend(list("source_pkgs"));
    CoverageSettings {
        branch: ini.truth(&run, "branch").unwrap_or(false),
        fail_under: ini
            .get(&format!("{prefix}report"), "fail_under")
            .and_then(|value| value.trim().parse().ok()),
        precision: ini
            .get(&format!("{prefix}report"), "precision")
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(0),
        source,
        concurrency: list("concurrency"),
        plugins: list("plugins"),
        dynamic_context: ini.get(&run, "dynamic_context").is_some(),
        parallel: ini.truth(&run, "parallel").unwrap_or(false),
        config_file: Some(file),
    }
}

fn of_toml(table: &toml::Table, file: String) -> CoverageSettings {
    let run = table.get("run").and_then(Value::as_table);
    let value = |key: &str| run.and_then(|run| run.get(key));
    let truth = |key: &str| value(key).and_then(Value::as_bool).unwrap_or(false);
    let report = |key: &str| table.get("report").and_then(|report| report.get(key));
    let mut source = strings(value("source"));
    source.extend(strings(value("source_pkgs")));
    CoverageSettings {
        branch: truth("branch"),
        fail_under: report("fail_under").and_then(|value| {
            value
                .as_float()
                .or_else(|| value.as_integer().map(|number| number as f64))
        }),
        precision: report("precision")
            .and_then(Value::as_integer)
            .and_then(|places| u8::try_from(places).ok())
            .unwrap_or(0),
        source,
        concurrency: strings(value("concurrency")),
        plugins: strings(value("plugins")),
        dynamic_context: value("dynamic_context").is_some(),
        parallel: truth("parallel"),
        config_file: Some(file),
    }
}
