//! A contention profile in a file: shown again, or turned into advice.

use std::path::Path;

use mapwise_profile::advice::advise;
use mapwise_profile::{Profile, ProfileError, page};
use mapwise_report::profile;
use mapwise_report::text::Style;

use crate::args::{OutputArgs, OutputFormat};
use crate::failure::Failure;
use crate::files::Target;
use crate::terminal::print;

/// Shows a profile as `report` shows a run.
pub(crate) fn report(shown: &Profile, args: &OutputArgs, style: Style<'_>) -> Result<u8, Failure> {
    if args.fail_over.is_some() || args.baseline.is_some() {
        return Err(Failure::new(
            "--fail-over and --baseline need a run, and this file is a profile",
            "leave them out, or name a file that `mapwise advise --save FILE` wrote",
        ));
    }
    let target = args.report.as_deref().map(Target::check).transpose()?;
    let path = target.as_ref().map(|target| target.given().display().to_string());
    let style = path.as_deref().map_or(style, |path| style.report(path));
    // What cannot be written must not keep the rest from the user.
    let printed = print(&match args.format {
        OutputFormat::Text => profile::text(shown, &style),
        OutputFormat::Json => shown.to_json(),
        OutputFormat::Csv => profile::csv(shown),
        OutputFormat::Markdown => profile::markdown(shown),
    });
    target.map_or(Ok(()), |target| target.write(&page::saved(shown))).and(printed)?;
    Ok(0)
}

/// Says what follows from the profile at `path`.
pub(crate) fn advice(path: &Path, args: &OutputArgs, style: Style<'_>) -> Result<u8, Failure> {
    let read = Profile::read(path).map_err(|error| failure(path, &error))?;
    match args.format {
        OutputFormat::Text if args.report.is_none() => print(&profile::advice(&read, &style))?,
        OutputFormat::Json if args.report.is_none() => {
            let json = serde_json::to_string_pretty(&advise(&read));
            let json = json.map_err(|error| Failure::new(error, "please report this: advice could not be written"))?;
            print(&format!("{json}\n"))?;
        }
        _ => return report(&read, args, style),
    }
    Ok(0)
}

/// Why the profile at `path` cannot be used.
pub(crate) fn failure(path: &Path, error: &ProfileError) -> Failure {
    let hint = match error {
        ProfileError::Read(_) => "check the path and that you may read the file",
        ProfileError::Newer { .. } => "update mapwise",
        _ => "a profile is what a service sends at /debug/mapwise/profile.json",
    };
    Failure::new(format_args!("{}: {error}", path.display()), hint)
}
