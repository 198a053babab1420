//! What people type, for the help of each command. Every line is parsed by a test.

/// Commands, and lines that begin with them or contain them.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("argocd generate", &["iamra argocd generate"]),
    ("argocd parameters", &["iamra argocd parameters"]),
    ("aws adopt", &["iamra aws adopt && iamra aws plan"]),
    ("aws apply", &["iamra aws apply && iamra lock"]),
    ("aws export", &["iamra aws export --format terraform > anywhere.tf"]),
    ("aws permissions", &["iamra aws permissions apply > policy.json"]),
    ("aws plan", &["iamra aws plan"]),
    (
        "build",
        &[
            "iamra build overlays/prod | kubectl apply --server-side -f -",
            "iamra build 'apps/*/overlays/prod' --output rendered/prod",
            "iamra build overlays/prod -- --enable-helm",
        ],
    ),
    ("ca crl", &["iamra ca crl --certificate ca.pem --key ca.key stolen.pem > list.pem"]),
    ("ca put-key", &["iamra ca put-key ca-private-key.pem --certificate ca-certificate.pem"]),
    ("ca rotate", &["iamra ca rotate"]),
    ("ca rotation", &["iamra ca rotation"]),
    ("ca show", &["kubectl get secret iam-ra-ca -n cert-manager -o json | iamra ca show > ca.pem"]),
    ("can-assume", &["iamra can-assume payment-service admin"]),
    ("check", &["iamra check", "iamra check --builds", "iamra check --format sarif > iamra.sarif"]),
    (
        "completion",
        &["source <(iamra completion bash)", "iamra completion fish > ~/.config/fish/completions/iamra.fish"],
    ),
    (
        "credential-process",
        &[
            "iamra credential-process --certificate tls.crt --private-key tls.key --trust-anchor-arn ARN --profile-arn ARN --role-arn ARN",
        ],
    ),
    ("demo", &["iamra demo"]),
    ("destroy", &["iamra destroy"]),
    ("diff", &["iamra diff main...HEAD"]),
    ("doctor", &["iamra doctor --prerequisites", "iamra doctor --cluster", "iamra doctor --live"]),
    ("explain", &["iamra explain late-renewal"]),
    ("graph", &["iamra graph > identities.svg", "iamra graph --format mermaid --cluster prod"]),
    ("import", &["kubectl get serviceaccounts -A -o yaml | iamra import --from irsa > iamra.yaml"]),
    ("init", &["iamra init", "iamra init --without-aws"]),
    ("inject", &["kustomize build overlays/prod | iamra inject - | kubectl apply --server-side -f -"]),
    ("install", &["iamra install /tools --with-kustomize"]),
    ("k8s list", &["iamra k8s list"]),
    ("k8s offboard", &["iamra k8s offboard payment-service"]),
    ("k8s onboard", &["iamra k8s onboard payment-service --role payments | kubectl apply -f -"]),
    ("k8s setup", &["iamra k8s setup prod | kubectl apply -f -"]),
    ("k8s teardown", &["iamra k8s teardown prod"]),
    ("list", &["iamra list", "iamra list --cluster prod --format json"]),
    ("lock", &["iamra lock", "iamra lock --check"]),
    ("matrix", &["iamra matrix", "iamra matrix --format svg > matrix.svg"]),
    ("render", &["iamra render | kubectl apply --server-side -f -"]),
    ("report", &["iamra report --output report.html", "iamra report --since origin/main --output report.html"]),
    ("role create", &["iamra role create payments --policy arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]),
    ("role delete", &["iamra role delete payments"]),
    ("role list", &["iamra role list"]),
    ("schema", &["iamra schema > iamra.schema.json"]),
    (
        "serve",
        &[
            "iamra serve --certificate tls.crt --private-key tls.key --trust-anchor-arn ARN --profile-arn ARN --role-arn ARN",
        ],
    ),
    ("status", &["iamra status", "iamra status --live"]),
    ("strip", &["iamra build overlays/prod | iamra strip -"]),
    ("trust-policy", &["iamra trust-policy payments"]),
    ("verify", &["kustomize build overlays/prod | iamra verify -"]),
    ("version", &["iamra version"]),
    ("view", &["iamra view --cluster prod", "iamra view payment-service"]),
];

/// The examples of the command with this path, such as `k8s setup`.
pub(super) fn of(path: &str) -> impl Iterator<Item = &'static str> {
    let of_path = EXAMPLES.iter().filter(move |(command, _)| *command == path);
    of_path.flat_map(|(_, lines)| lines.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{Command, CommandFactory as _};

    use super::*;
    use crate::cli::Cli;

    /// The commands that do something, by their paths.
    fn leaves(path: &str, command: &Command, into: &mut BTreeSet<String>) {
        let mut has_below = false;
        for below in command.get_subcommands().filter(|it| !it.is_hide_set()) {
            has_below = true;
            leaves(format!("{path} {}", below.get_name()).trim_start(), below, into);
        }
        if !has_below {
            into.insert(path.to_owned());
        }
    }

    /// What `ARN` stands for behind an option.
    const ARNS: &[(&str, &str)] = &[
        (
            "--trust-anchor-arn",
            "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d",
        ),
        (
            "--profile-arn",
            "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/0d1e2f30-4152-4637-8495-a6b7c8d9e0f1",
        ),
        ("--role-arn", "arn:aws:iam::111122223333:role/payments"),
    ];

    /// The words of a command in a line for a shell.
    fn words<'l>(path: &str, line: &'l str) -> Vec<&'l str> {
        let command = format!("iamra {path}");
        let mut parts = line.split(" | ").flat_map(|part| part.split(" && "));
        let part = parts.find(|part| part.contains(&command)).unwrap_or_else(|| panic!("{line} has no `{command}`"));
        let part = part.split(" > ").next().unwrap().trim_start_matches("source <(").trim_end_matches(')');
        let mut words: Vec<_> = part.split(' ').map(|word| word.trim_matches('\'')).collect();
        for at in 1..words.len() {
            let arn = ARNS.iter().find(|(option, _)| words[at] == "ARN" && words[at - 1] == *option);
            words[at] = arn.map_or(words[at], |(_, arn)| arn);
        }
        words
    }

    #[test]
    fn every_command_has_examples_that_it_takes() {
        let mut all = BTreeSet::new();
        leaves("", &Cli::command(), &mut all);
        let named: BTreeSet<_> = EXAMPLES.iter().map(|(path, _)| (*path).to_owned()).collect();
        let is_here = crate::aws::IS_HERE && crate::git::IS_HERE && crate::serve::IS_HERE;
        assert!(all.is_subset(&named) && (!is_here || named == all), "{:?}", all.symmetric_difference(&named));
        for (path, lines) in EXAMPLES {
            for line in *lines {
                let words = words(path, line);
                let parsed = Cli::command().try_get_matches_from(&words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
    }
}
