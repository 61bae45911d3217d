"""Who is taken for a bot."""

from __future__ import annotations

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA as KNOWN

from engine.wire.bots import is_bot

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        f"Mozilla/5.0 {CHROME} (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/142.0.0.0 Safari/537.36",
    ],
)
def test_a_bot_that_says_so_is_known(user_agent: str) -> None:
    assert is_bot(user_agent)


@pytest.mark.parametrize(
    "user_agent",
    [
        None,
        "",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        f"Mozilla/5.0 (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) {CHROME} NV/1",
        f"Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) {CHROME} Mobile Safari/537.36",
        "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230901.001)",
        "okhttp/4.12.0",
        "MyShop/12 CFNetwork/1410.0.3 Darwin/22.6.0",
        "Dart/3.5 (dart:io)",
        "analytics-ios/4.1.8",
        "Amazon CloudFront",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    ],
)
def test_browsers_apps_and_what_people_open_mail_through_are_peoples(
    user_agent: str | None,
) -> None:
    assert not is_bot(user_agent)


def test_nearly_all_that_is_known_of_bots_is_used() -> None:
    said = [text for one in KNOWN for text in one["instances"]]
    assert sum(map(is_bot, said)) > 0.9 * len(said)


def test_a_name_as_long_as_anyone_likes_is_looked_at_up_to_its_512th_character() -> None:
    assert is_bot("x" * 490 + " Googlebot/2.1")
    assert not is_bot("x" * 512 + " Googlebot/2.1")
