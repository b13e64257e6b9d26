//! `mapwise top`: the profile of a running process, drawn again and again in the terminal.

mod fetch;

mod rates;

mod app;

mod panels;

mod draw;

use std::io::{self, IsTerminal};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use crate::args::{Color, Top};
use crate::failure::Failure;
use crate::terminal::{print, style};
use app::{App, Key};
use fetch::Server;

/// The size of a frame that is printed, where nothing says otherwise.
const FRAME: (u16, u16) = (80, 24);
/// A key is answered within this time.
const TICK: Duration = Duration::from_millis(50);

/// Draws the profile of a server until the user has seen enough, or prints one frame.
pub(crate) fn top(args: &Top, color: Color) -> Result<u8, Failure> {
    let server = Server::at(&args.url)?;
    if args.once {
        return once(&server);
    }
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Failure::new("top needs a terminal", "--once prints one frame anywhere"));
    }
    // The first answer decides whether there is anything to draw.
    let first = server.fetch()?;
    let mut app = App::new(style(color).color);
    app.take(Ok(first));
    let news = server.watch(args.every);
    let mut terminal = ratatui::try_init().map_err(|error| failure(&error))?;
    let ended = watch(&mut terminal, &mut app, &news);
    ratatui::restore();
    ended.map_err(|error| failure(&error))?;
    Ok(0)
}

fn watch(terminal: &mut ratatui::DefaultTerminal, app: &mut App, news: &fetch::News) -> io::Result<()> {
    loop {
        while let Ok(answer) = news.try_recv() {
            app.take(answer.map_err(|failure| reason(failure.error())));
        }
        terminal.draw(|frame| draw::draw(frame, app))?;
        if !event::poll(TICK)? {
            continue;
        }
        if let Event::Key(key) = event::read()?
            && key.kind != KeyEventKind::Release
        {
            let interrupt = key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c');
            match key.code {
                KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                _ if interrupt => return Ok(()),
                KeyCode::Up | KeyCode::Char('k') => app.press(Key::Up),
                KeyCode::Down | KeyCode::Char('j') => app.press(Key::Down),
                KeyCode::Tab | KeyCode::Right => app.press(Key::Next),
                KeyCode::BackTab | KeyCode::Left => app.press(Key::Previous),
                _ => {}
            }
        }
    }
}

/// What went wrong, without the address that the user typed.
fn reason(error: &str) -> String {
    error.split_once(": ").map_or(error, |(_, reason)| reason).to_owned()
}

fn once(server: &Server) -> Result<u8, Failure> {
    let mut app = App::new(false);
    app.take(Ok(server.fetch()?));
    print(&frame(&app, FRAME))?;
    Ok(0)
}

/// A frame as text without colors.
fn frame(app: &App, (width, height): (u16, u16)) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| draw::draw(frame, app));
    let buffer = terminal.backend().buffer();
    let line = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| format!("{}\n", line(y).trim_end())).collect()
}

fn failure(error: &io::Error) -> Failure {
    Failure::new(format_args!("cannot draw in this terminal: {error}"), "--once prints one frame anywhere")
}

#[cfg(test)]
mod tests {
    use mapwise_profile::Profile;

    use super::app::Panel;
    use super::*;

    fn sample() -> Profile {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../mapwise-profile/tests/data/profile.json");
        Profile::read(path).expect("the sample is valid")
    }

    fn app() -> App {
        let mut app = App::new(false);
        app.take(Ok(sample()));
        app
    }

    #[test]
    fn every_panel_says_its_part_in_80_by_24() {
        let mut app = app();
        for said in [
            "hot-key: sessions: 90 % of the waiting",
            "0 0 0 9 0 0",
            "7.00 s shop::bump",
            "<= 65.5 µs       60,000 ████",
            "p99 at most 512 ns",
            "0x000000000000feed shard 3",
            "update                   18,000,000",
        ] {
            let frame = frame(&app, FRAME);
            assert_eq!(frame.lines().count(), 24);
            assert!(frame.contains(said), "{said} in\n{frame}");
            assert!(frame.contains("> sessions") && frame.contains("q quit"), "{frame}");
            app.press(Key::Next);
        }
        assert_eq!(app.panel, Panel::Advice, "around once");
        app.press(Key::Previous);
        assert_eq!(app.panel, Panel::Operations);
    }

    #[test]
    fn no_size_is_too_small() {
        let mut app = app();
        for size in [(1, 1), (2, 3), (10, 5), (40, 10), (300, 100)] {
            for _ in Panel::ALL {
                let _ = frame(&app, size);
                app.press(Key::Next);
            }
        }
    }

    #[test]
    fn a_chosen_map_stays_chosen_when_another_overtakes_it() {
        let mut app = app();
        app.press(Key::Down);
        assert!(frame(&app, FRAME).contains("> feature-flags"));
        let mut later = sample();
        later.span_ns += 1_000_000_000;
        later.maps[1].delay_ns = 20_000_000_000;
        app.take(Ok(later));
        let frame = frame(&app, FRAME);
        assert!(frame.contains("> feature-flags") && frame.contains(" 19.1 s"), "waited 19.1 s in a second:\n{frame}");
        app.press(Key::Up);
        assert!(self::frame(&app, FRAME).contains("> routes"), "the first goes up to the last");
    }

    #[test]
    fn a_server_that_is_gone_leaves_the_last_picture_and_is_named() {
        let mut app = app();
        let before = frame(&app, FRAME);
        app.take(Err(reason("http://127.0.0.1:3000/debug/mapwise/profile.json: no answer: Connection refused")));
        let after = frame(&app, FRAME);
        assert!(after.contains("\nNo new profile, this is the last one: no answer: Connection refused\n"), "{after}");
        let body = |frame: &str| frame.lines().skip(2).collect::<Vec<_>>().join("\n");
        assert_eq!(body(&before), body(&after));
        app.take(Ok(sample()));
        assert!(!frame(&app, FRAME).contains("No new profile"));
    }

    #[test]
    fn hostile_names_move_no_cursor() {
        let mut profile = sample();
        let bad = "a\u{1b}[31m\u{202e}b\n\0".to_owned();
        profile.process.name = bad.clone();
        profile.notes = vec![bad.clone()];
        for map in &mut profile.maps {
            map.name = format!("{bad}{}", map.name);
            for row in &mut map.matrix {
                row.waiter.function.clone_from(&bad);
            }
            map.operations[0].name.clone_from(&bad);
        }
        let mut app = App::new(false);
        app.take(Ok(profile));
        for _ in Panel::ALL {
            let frame = frame(&app, FRAME);
            assert!(frame.contains("a\\u{1b}[31m\\u{202e}b"), "{frame}");
            assert!(frame.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{frame:?}");
            app.press(Key::Next);
        }
    }
}
