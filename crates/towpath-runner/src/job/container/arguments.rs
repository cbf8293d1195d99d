//! The command lines of Docker and Podman. Pure.

use std::collections::BTreeMap;

use super::paths::Mounts;
use super::spec::Spec;

/// Where a container of a job is put.
pub(super) struct Berth<'a> {
    pub(super) name: &'a str,
    pub(super) network: &'a str,
    /// The name by which others on the network find it.
    pub(super) alias: &'a str,
    /// Of the run, as the engine takes it.
    pub(super) label: &'a str,
}

/// A program in a container, with what it is given.
pub(super) struct Inside<'a> {
    /// The container's name.
    pub(super) name: &'a str,
    /// The folder in the container.
    pub(super) folder: &'a str,
    /// As [`handed_over`] gives them.
    pub(super) variables: &'a [String],
}

/// Returns the options that hand variables over, and the environment in which the engine finds their values:
/// those would else stand in the list of processes. A name that means something to the engine keeps its value.
pub(super) fn handed_over(
    own: &BTreeMap<String, String>,
    engine: &BTreeMap<String, String>,
) -> (Vec<String>, BTreeMap<String, String>) {
    let (mut arguments, mut environment) = (Vec::new(), engine.clone());
    for (name, value) in own {
        arguments.push("-e".to_owned());
        if engine.contains_key(name) || is_read_by_engine(name) {
            arguments.push(format!("{name}={value}"));
        } else {
            arguments.push(name.clone());
            environment.insert(name.clone(), value.clone());
        }
    }
    (arguments, environment)
}

/// Tells whether a variable says something to Docker or Podman themselves.
fn is_read_by_engine(name: &str) -> bool {
    const NAMES: [&str; 4] = ["HOME", "PATH", "TMPDIR", "USER"];
    const BEGINNINGS: [&str; 7] = [
        "BUILDAH_",
        "CONTAINER",
        "DOCKER_",
        "PODMAN_",
        "REGISTRY_",
        "STORAGE_",
        "XDG_",
    ];
    NAMES.contains(&name)
        || BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning))
}

/// Returns the arguments that make the container of a job, which waits for its steps.
pub(super) fn create_job(
    spec: &Spec,
    berth: &Berth<'_>,
    mounts: &Mounts,
    folder: &str,
    variables: &[String],
) -> Vec<String> {
    let mut arguments = words(&["create", "--name", berth.name, "--label", berth.label]);
    arguments.extend(words(&["--workdir", folder]));
    arguments.extend(words(&["--network", berth.network]));
    arguments.extend(options(spec));
    arguments.extend_from_slice(variables);
    arguments.extend(mounts.options());
    arguments.extend(words(&[
        "--entrypoint",
        "tail",
        &spec.image,
        "-f",
        "/dev/null",
    ]));
    arguments
}

/// Returns the arguments that make the container of a service.
pub(super) fn create_service(spec: &Spec, berth: &Berth<'_>, variables: &[String]) -> Vec<String> {
    let mut arguments = words(&["create", "--name", berth.name, "--label", berth.label]);
    arguments.extend(words(&["--network", berth.network]));
    arguments.extend(words(&["--network-alias", berth.alias]));
    arguments.extend(options(spec));
    arguments.extend_from_slice(variables);
    if !spec.entrypoint.is_empty() {
        arguments.extend(words(&["--entrypoint", &spec.entrypoint]));
    }
    arguments.push(spec.image.clone());
    arguments.extend(crate::shell::split(&spec.command));
    arguments
}

/// Returns the arguments that run a command in the container of a job.
pub(super) fn exec(inside: &Inside<'_>, command: &[String]) -> Vec<String> {
    let mut arguments = words(&["exec", "-i", "--workdir", inside.folder]);
    arguments.extend_from_slice(inside.variables);
    arguments.push(inside.name.to_owned());
    arguments.extend_from_slice(command);
    arguments
}

/// Returns the arguments that run an action in a container of its own.
pub(super) fn run_action(
    inside: &Inside<'_>,
    label: &str,
    network: Option<&str>,
    mounts: &Mounts,
    image: &str,
    entrypoint: &str,
    command: &[String],
) -> Vec<String> {
    let mut arguments = words(&["run", "--rm", "--name", inside.name, "--label", label]);
    arguments.extend(words(&["--workdir", inside.folder]));
    if let Some(network) = network {
        arguments.extend(words(&["--network", network]));
    }
    arguments.extend_from_slice(inside.variables);
    arguments.extend(mounts.options());
    if !entrypoint.is_empty() {
        arguments.extend(words(&["--entrypoint", entrypoint]));
    }
    arguments.push(image.to_owned());
    arguments.extend_from_slice(command);
    arguments
}

/// What a workflow says of ports, volumes and options.
fn options(spec: &Spec) -> Vec<String> {
    let mut arguments = Vec::new();
    for port in &spec.ports {
        arguments.extend(words(&["-p", port]));
    }
    for volume in &spec.volumes {
        arguments.extend(words(&["-v", volume]));
    }
    arguments.extend(crate::shell::split(&spec.options));
    arguments
}

/// Reads the lines `6379/tcp -> 0.0.0.0:49153` of `docker port`: ports of the machine by those of the
/// container.
pub(super) fn read_ports(output: &str) -> BTreeMap<String, String> {
    let port = |line: &str| {
        let (inside, outside) = line.split_once(" -> ")?;
        let (number, _) = inside.split_once('/')?;
        let (_, outside) = outside.rsplit_once(':')?;
        Some((number.trim().to_owned(), outside.trim().to_owned()))
    };
    output.lines().filter_map(port).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(arguments: &[String]) -> String {
        arguments.join(" ")
    }

    #[test]
    fn values_stay_out_of_the_list_of_processes() {
        let variables = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let own = variables(&[("LANG", "C"), ("TMPDIR", "/__w/_temp"), ("TOKEN", "secret")]);
        let (arguments, environment) = handed_over(&own, &variables(&[("LANG", "de")]));
        assert_eq!(line(&arguments), "-e LANG=C -e TMPDIR=/__w/_temp -e TOKEN");
        assert_eq!(
            environment,
            variables(&[("LANG", "de"), ("TOKEN", "secret")])
        );
    }

    #[test]
    fn containers_are_made_as_workflows_say() {
        let spec = Spec {
            image: "redis:7".to_owned(),
            ports: vec!["6379".to_owned()],
            volumes: vec!["data:/data".to_owned()],
            options: "--health-cmd \"redis-cli ping\" --cpus 1".to_owned(),
            command: "redis-server --save ''".to_owned(),
            ..Spec::default()
        };
        let berth = Berth {
            name: "n_redis",
            network: "n",
            alias: "redis",
            label: "r=1",
        };
        let variables = ["-e".to_owned(), "A".to_owned()];
        let made = create_service(&spec, &berth, &variables);
        assert!(made.contains(&"redis-cli ping".to_owned()), "{made:?}");
        assert_eq!(
            line(&made),
            "create --name n_redis --label r=1 --network n --network-alias redis -p 6379 -v data:/data --health-cmd \
             redis-cli ping --cpus 1 -e A redis:7 redis-server --save ''"
        );
        let mounts = Mounts::of(&[("/work/1", "/__w")]);
        let made = create_job(&spec, &berth, &mounts, "/__w/a/a", &variables);
        assert_eq!(
            line(&made),
            "create --name n_redis --label r=1 --workdir /__w/a/a --network n -p 6379 -v data:/data --health-cmd \
             redis-cli ping --cpus 1 -e A -v /work/1:/__w --entrypoint tail redis:7 -f /dev/null"
        );
        let inside = Inside {
            name: "n",
            folder: "/github/workspace",
            variables: &variables,
        };
        let command = ["a b".to_owned()];
        assert_eq!(
            line(&exec(&inside, &command)),
            "exec -i --workdir /github/workspace -e A n a b"
        );
        assert_eq!(
            line(&run_action(
                &inside,
                "r=1",
                Some("net"),
                &mounts,
                "i",
                "/e.sh",
                &command
            )),
            "run --rm --name n --label r=1 --workdir /github/workspace --network net -e A -v /work/1:/__w \
             --entrypoint /e.sh i a b"
        );
    }

    #[test]
    fn ports_are_read() {
        let output = "warning: x\n6379/tcp -> 0.0.0.0:49153\n6379/tcp -> [::]:49153\n53/udp -> 0.0.0.0:5300\n";
        let ports = read_ports(output);
        assert_eq!(
            ports.into_iter().collect::<Vec<_>>(),
            [
                ("53".to_owned(), "5300".to_owned()),
                ("6379".to_owned(), "49153".to_owned())
            ]
        );
    }
}
