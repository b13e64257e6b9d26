//! What the command says about itself: presets, completions, the manual page.

use std::io::Read;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use mapwise_report::picture;
use mapwise_workload::presets;

use crate::args::Cli;
use crate::failure::Failure;
use crate::terminal::print;

/// The most terminal output that is drawn.
const MOST_OUTPUT: u64 = 1 << 20;

/// Lists the presets by where they come from, one line each.
pub(crate) fn presets() -> Result<u8, Failure> {
    let list = presets::list();
    let wide = list.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for group in [Group::Services, Group::Benchmarks, Group::Clusters] {
        let gap = if out.is_empty() { "" } else { "\n" };
        out += &format!("{gap}{}:\n", group.title());
        for (name, title) in list.iter().filter(|(name, _)| Group::of(name) == group) {
            let mark = if name == presets::DEFAULT { " (default)" } else { "" };
            out += &format!("  {name:wide$}  {title}{mark}\n");
        }
    }
    print(&out)?;
    Ok(0)
}

/// Where a preset comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Services,
    Benchmarks,
    Clusters,
}

impl Group {
    fn of(name: &str) -> Group {
        let published = presets::preset(name).is_ok_and(|workload| workload.source.is_some());
        match name {
            name if name.starts_with("twitter-") => Group::Clusters,
            _ if published => Group::Benchmarks,
            _ => Group::Services,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Group::Services => "Common uses",
            Group::Benchmarks => "Public benchmarks",
            Group::Clusters => "Production cache clusters, as published in 2020",
        }
    }
}

/// Prints a completion script.
pub(crate) fn completions(shell: Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mapwise", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// Prints the manual page, with a section for each command.
pub(crate) fn man() -> Result<u8, Failure> {
    let page = manual()
        .map_err(|error| Failure::new(format_args!("cannot make the manual page: {error}"), "see `mapwise --help`"))?;
    print(&String::from_utf8_lossy(&page))?;
    Ok(0)
}

fn manual() -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_options_section(&mut page)?;
    examples(&command, &mut page);
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let man = Man::new(sub.clone());
        page.extend_from_slice(format!(".SH \"MAPWISE {}\"\n", sub.get_name().to_uppercase()).as_bytes());
        man.render_description_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_options_section(&mut page)?;
        examples(sub, &mut page);
    }
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// The examples as they are: filled like prose they could not be read.
fn examples(command: &clap::Command, page: &mut Vec<u8>) {
    if let Some(text) = command.get_after_help() {
        let text = text.to_string().replace('\\', "\\e").replace('-', "\\-");
        page.extend_from_slice(format!(".SH EXAMPLES\n.nf\n{text}\n.fi\n").as_bytes());
    }
}

/// Draws terminal output from standard input.
pub(crate) fn picture() -> Result<u8, Failure> {
    let mut output = String::new();
    std::io::stdin().take(MOST_OUTPUT).read_to_string(&mut output).map_err(|error| {
        Failure::new(
            format_args!("cannot read standard input: {error}"),
            "mapwise --color always report run.json | mapwise picture",
        )
    })?;
    print(&picture::svg_terminal(&output))?;
    Ok(0)
}
