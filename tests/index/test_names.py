"""Names, numbers and words of many languages are found in the ways that people type them."""

from __future__ import annotations

from pathlib import Path

import pytest

from index import open_index
from index.contract import SearchEngine
from tests.index.factories import document, filled, found

SENTENCES = {
    "jet": ("The F-16 was sold to Norway.", "en"),
    "node": ("Node.js drops its old parser.", "en"),
    "research": ("Firms cut R&amp;D first.", "en"),
    "towers": ("Since 9/11 pilots lock the door.", "en"),
    "shop": ("The kiosk is open 24/7.", "en"),
    "wireless": ("Free Wi-Fi on every tram.", "en"),
    "release": ("The patch v2.5 is out.", "en"),
    "quarter": ("Profit fell in Q3 by 50%.", "en"),
    "naive": ("A naïve reading of the Ångström scale.", "en"),
    "istanbul": ("İstanbul opens a bridge.", "tr"),
    "coop": ("The co-op bakes its own bread.", "en"),
    "oxygen": ("O2 sells its masts.", "en"),
    "print": ("A 3D printer made the bridge.", "en"),
    "chat": ("ChatGPT writes letters.", "en"),
    "open": ("OpenAI hires in Dublin.", "en"),
    "intelligence": ("A.I. reads X-rays, e.g. of teeth.", "en"),
    "money": ("They paid $5 billion.", "en"),
    "hashtag": ("It began with #MeToo.", "en"),
    "handle": ("Posted by @river_watch yesterday.", "en"),
    "chinese": ("北京大学发布新报告", "zh"),
    "japanese": ("京都の桜が咲いた", "ja"),
    "thai": ("กรุงเทพมหานครเปิดสวน", "th"),
    "russian": ("Москва строит мост через реку", "ru"),
    "arabic": ("القاهرة تفتح متحفا جديدا", "ar"),
    "hebrew": ("ירושלים בונה רכבת", "he"),
    "compound": ("Die Donaudampfschifffahrt in München fährt wieder.", "de"),
    "possessive": ("The farmer’s daughter sold Dickens's letters.", "en"),
    "ligature": ("An eﬃcient oﬃce.", "en"),
    "wide": ("ＦＩＦＡ meets.", "en"),
    "entity": ("The caf&eacute; on Main&nbsp;Street, Kr&#252;ger said.", "en"),
    "soft": ("An ex\u00adtra\u00adordi\u00adnary week.", "en"),
    "emoji": ("Launch 🚀day is here.", "en"),
    "lower": ("A chatgpt rival named openai-lite", "en"),
    "danish": ("Smørrebrød in Århus", "da"),
    "polish": ("Łódź i Kraków", "pl"),
    "french": ("L’été à Orléans", "fr"),
    "korean": ("서울에서 회의가 열렸다", "ko"),
    "samsung": ("삼성전자는 수원에 있다", "ko"),
    "bank": ("한국은행이 AI를 쓰고, LG전자의 5G를 본다", "ko"),
    "keycap": ("We sent 5\ufe0f\u20e3 messages, said Ⓜ\ufe0ftro", "en"),
    "variant": ("葛\U000e0100城市の花", "ja"),
    "brahmi": ("\U00011013\U00011044\U00011013 is old", "en"),
    "hindi": ("दिल्ली में बारिश", "hi"),
    "greek": ("Η Θεσσαλονίκη γιορτάζει", "el"),
    "viet": ("Đà Nẵng mở cảng", "vi"),
    "plane": ("Boeing's 737-MAX8 flies.", "en"),
    "domain": ("Read www.tide-tables.example/today for more.", "en"),
    "mac": ("MacOS and iPadOS 18.2 arrive; USB-C stays.", "en"),
    "band": ("AC/DC play in Oslo; U2 do not.", "en"),
    "temperature": ("It was -12.5°C at noon, H₂O froze.", "en"),
    "fsharp": ("F# and Objective-C for the .ORG crowd", "en"),
    "numbers": ("Exactly 12,345.67 francs", "en"),
    "ordinals": ("The 21st century's 1990s revival", "en"),
    "pipe": ("TCP/IP over RS-232", "en"),
    "phone": ("The iPhone17 sells out.", "en"),
    "protein": ("AlphaFold3 folds more.", "en"),
    "database": ("PostgreSQL18 and Hi-Fi-7 are here.", "en"),
    "rival": ("A chatgpt 5 and a llamacpp 3 run at home.", "en"),
    "mcdonald": ("McDonald's meets O'Neill at Levi's.", "en"),
}

ASKED = {
    "jet": ["F-16", "f16", "F 16", '"f 16"'],
    "node": ["node.js", "nodejs", "Node js"],
    "research": ["R&D", "r&d"],
    "towers": ["9/11", '"9/11"'],
    "shop": ["24/7"],
    "wireless": ["wifi", "Wi-Fi", "wi fi", "WIFI"],
    "release": ["v2.5", "V2.5", "2.5"],
    "quarter": ["Q3", "q3", "50%", "50"],
    "naive": ["naive", "naïve", "Ångström", "angstrom", "ANGSTROM"],
    "istanbul": ["istanbul", "İstanbul", "Istanbul"],
    "coop": ["co-op", "coop"],
    "oxygen": ["O2", "o2"],
    "print": ["3D", "3d", "3-D"],
    "chat": ["ChatGPT", "chat gpt", "chatgpt", "Chat-GPT"],
    "open": ["OpenAI", "open ai", "openai", "Open AI"],
    "intelligence": ["A.I.", "e.g.", "x-ray", "xrays"],
    "money": ["$5 billion", "5 billion", '"$5 billion"'],
    "hashtag": ["#metoo", "#MeToo", "metoo", "me too"],
    "handle": ["@river_watch", "river_watch", "river watch"],
    "chinese": ["北京", "大学", "新报告"],
    "japanese": ["京都", "桜"],
    "thai": ["กรุงเทพ", "สวน"],
    "russian": ["москва", "МОСКВА", "мосты"],
    "arabic": ["القاهرة", "متحفا"],
    "hebrew": ["ירושלים", "רכבת"],
    "compound": ["donaudampfschifffahrt", "Munchen", "münchen", "Muenchen", "faehrt"],
    "possessive": ["farmer", "farmer's", "farmers", "Dickens", "dickens’s"],
    "ligature": ["efficient", "office"],
    "wide": ["FIFA", "fifa", "ＦＩＦＡ"],
    "entity": ["café", "cafe", "main street", "Krüger", "krueger"],
    "soft": ["extraordinary"],
    "emoji": ["launch", "day"],
    "lower": ["chat gpt rival", "openai lite"],
    "danish": ["smorrebrod", "smørrebrød", "aarhus", "Århus"],
    "polish": ["lodz", "Łódź", "krakow"],
    "french": ["été", "ete", "orleans", "l'été"],
    "korean": ["회의가", "서울에서", "서울", "회의", "회의가 열렸다", "열"],
    "samsung": [
        "삼성",
        "전자",
        "삼성전자",
        "삼성전자는",
        "수원",
        '"삼성전자는 수원에"',
        "전자는 수원",
    ],
    "bank": ["은행", "한국", "한국은행", "ai를", "LG", "LG전자", "lg 전자", "5G", "5g를"],
    "keycap": ["5 messages", "5\ufe0f\u20e3 messages", '"5 messages"'],
    "variant": ["葛城", "葛\U000e0100城", "葛城市"],
    "brahmi": ["\U00011013\U00011044\U00011013"],
    "hindi": ["दिल्ली"],
    "greek": ["θεσσαλονικη", "ΘΕΣΣΑΛΟΝΊΚΗ"],
    "viet": ["da nang", "Đà Nẵng"],
    "plane": ["737 max", "737-max8", "boeing 737"],
    "domain": ["tide-tables.example", "tide tables", "www.tide-tables.example"],
    "mac": ["macos", "MacOS", "iPadOS", "ipados 18.2", "usb-c", "USBC", "usb c"],
    "band": ["AC/DC", "ac dc", "U2", "u2"],
    "temperature": ["12.5", "H2O", "h₂o"],
    "fsharp": ["F#", "Objective-C", "objective c", ".org"],
    "numbers": ["12345", "12,345", "12,345.67"],
    "ordinals": ["21st", "1990s"],
    "pipe": ["TCP/IP", "tcp ip", "rs232", "RS-232"],
    "phone": ["iphone", "iPhone", "iphone 17", "iPhone17", "i phone 17", '"iphone 17 sells"'],
    "protein": ["alphafold", "AlphaFold", "alpha fold", "alphafold 3", "AlphaFold-3"],
    "database": ["postgresql", "postgresql 18", "postgre sql", "hifi 7", "hi-fi 7", "hifi"],
    "rival": ["ChatGPT5", "LlamaCpp3", "LlamaCpp-3", "chatgpt-5"],
    "mcdonald": ["mcdonalds", "McDonald’s", "oneill", "O'Neill", "levis", "Levi's"],
}

NUMBERS = {name: number for number, name in enumerate(SENTENCES, 1)}


@pytest.fixture(scope="module", params=["memory", "whoosh"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> SearchEngine:
    folder: Path = tmp_path_factory.mktemp("names")
    return filled(
        open_index(request.param, folder / "index"),
        [
            document(NUMBERS[name], f"Number {name}", text, language=language)
            for name, (text, language) in SENTENCES.items()
        ],
    )


@pytest.mark.parametrize(
    ("name", "typed"), [(name, typed) for name, all_typed in ASKED.items() for typed in all_typed]
)
def test_it_is_found_first(engine: SearchEngine, name: str, typed: str) -> None:
    assert found(engine, typed)[:1] == [NUMBERS[name]]


@pytest.mark.parametrize(
    ("typed", "unwanted"),
    [
        ("F-15", "jet"), ("2.6", "release"), ("Q4", "quarter"),
        ("office", "money"), ("R", "oxygen"), ("org", "compound"), ("day", "towers"),
    ],
)  # fmt: skip
def test_what_it_is_not_is_not_found(engine: SearchEngine, typed: str, unwanted: str) -> None:
    assert NUMBERS[unwanted] not in found(engine, typed)
