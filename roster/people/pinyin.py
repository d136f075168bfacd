"""Reading of personal names: surnames are read as surnames (单 Shan, 仇 Qiu, 曾 Zeng)."""

from pypinyin import lazy_pinyin

from roster.committees.pinyin import spell

# Surnames whose everyday reading differs; the source is common dictionaries of surnames.
SURNAMES: dict[str, tuple[str, ...]] = {
    "单": ("shan",), "仇": ("qiu",), "曾": ("zeng",), "区": ("ou",), "查": ("zha",), "解": ("xie",), "朴": ("piao",),
    "盖": ("ge",), "任": ("ren",), "华": ("hua",), "宁": ("ning",), "纪": ("ji",), "缪": ("miao",), "翟": ("zhai",),
    "乐": ("yue",), "员": ("yun",), "覃": ("qin",), "种": ("chong",), "繁": ("po",), "折": ("she",), "秘": ("bi",),
    "召": ("shao",), "冼": ("xian",), "洗": ("xian",), "句": ("gou",), "应": ("ying",), "谌": ("chen",), "祭": ("zhai",),
    "尉": ("wei",), "都": ("du",), "那": ("na",), "重": ("chong",), "黑": ("he",), "藏": ("zang",), "柏": ("bai",),
    "卜": ("bu",), "车": ("che",), "邓": ("deng",), "费": ("fei",), "葛": ("ge",), "过": ("guo",), "哈": ("ha",),
    "观": ("guan",), "教": ("jiao",), "隗": ("wei",), "乜": ("nie",), "逄": ("pang",), "曲": ("qu",), "瞿": ("qu",),
    "沈": ("shen",), "石": ("shi",), "宿": ("su",), "相": ("xiang",), "幸": ("xing",), "燕": ("yan",), "叶": ("ye",),
    "於": ("yu",), "臧": ("zang",), "长": ("chang",), "薄": ("bo",), "万": ("wan",), "郇": ("xun",), "阚": ("kan",),
    "尉迟": ("yu", "chi"), "长孙": ("zhang", "sun"), "万俟": ("mo", "qi"), "澹台": ("tan", "tai"), "令狐": ("ling", "hu"),
    "单于": ("chan", "yu"), "宰父": ("zai", "fu"), "皇甫": ("huang", "fu"), "呼延": ("hu", "yan"),
}  # fmt: skip


def name_pinyin(name: str) -> str:
    """`张三` to `"zhangsan zs"`; spaces and dots inside the name are passed over."""
    bare = "".join(letter for letter in name if letter.isalnum())
    for length in (2, 1):
        surname = bare[:length]
        if len(surname) == length and surname in SURNAMES:
            return spell([*SURNAMES[surname], *lazy_pinyin(bare[length:])])
    return spell(lazy_pinyin(bare))
