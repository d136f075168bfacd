"""Invented names: a prefecture, its counties and organs (real kinds, no real place), people, topics, titles."""

from roster.committees.models import CommitteeKind

CITY = "澜川市"
COUNTIES = ("澜城区", "青岑县", "望泽县", "临岚县", "石汀县", "白漾县", "鹿鸣县", "桐浦县", "岭北县")
K = CommitteeKind
# (name without the city, short name, kind): the bodies of a real prefecture that have a study group.
CITY_ORGANS: tuple[tuple[str, str, str], ...] = (
    ("人大常委会党组", "市人大常委会党组", K.PARTY_GROUP), ("人民政府党组", "市政府党组", K.PARTY_GROUP),
    ("政协党组", "市政协党组", K.PARTY_GROUP), ("中级人民法院党组", "市法院党组", K.PARTY_GROUP),
    ("人民检察院党组", "市检察院党组", K.PARTY_GROUP), ("纪委监委机关", "市纪委监委", K.ORGAN),
    ("委办公室", "市委办公室", K.ORGAN), ("委组织部", "市委组织部", K.ORGAN), ("委宣传部", "市委宣传部", K.ORGAN),
    ("委统战部", "市委统战部", K.ORGAN), ("委政法委", "市委政法委", K.ORGAN), ("委编办", "市委编办", K.ORGAN),
    ("直属机关工委", "市直机关工委", K.WORKING_COMMITTEE), ("委党校", "市委党校", K.ORGAN),
    ("总工会党组", "市总工会党组", K.PARTY_GROUP), ("团市委", "团市委", K.ORGAN), ("妇联党组", "市妇联党组", K.PARTY_GROUP),
    ("科协党组", "市科协党组", K.PARTY_GROUP), ("残联党组", "市残联党组", K.PARTY_GROUP),
    ("发展和改革委员会党组", "市发改委党组", K.PARTY_GROUP), ("教育局党组", "市教育局党组", K.PARTY_GROUP),
    ("科学技术局党组", "市科技局党组", K.PARTY_GROUP), ("工业和信息化局党组", "市工信局党组", K.PARTY_GROUP),
    ("公安局党委", "市公安局党委", K.PARTY_COMMITTEE), ("民政局党组", "市民政局党组", K.PARTY_GROUP),
    ("司法局党组", "市司法局党组", K.PARTY_GROUP), ("财政局党组", "市财政局党组", K.PARTY_GROUP),
    ("人力资源和社会保障局党组", "市人社局党组", K.PARTY_GROUP), ("自然资源局党组", "市自然资源局党组", K.PARTY_GROUP),
    ("生态环境局党组", "市生态环境局党组", K.PARTY_GROUP), ("住房和城乡建设局党组", "市住建局党组", K.PARTY_GROUP),
    ("交通运输局党组", "市交通局党组", K.PARTY_GROUP), ("水务局党组", "市水务局党组", K.PARTY_GROUP),
    ("农业农村局党组", "市农业农村局党组", K.PARTY_GROUP), ("商务局党组", "市商务局党组", K.PARTY_GROUP),
    ("文化和旅游局党组", "市文旅局党组", K.PARTY_GROUP), ("卫生健康委员会党组", "市卫健委党组", K.PARTY_GROUP),
    ("退役军人事务局党组", "市退役军人局党组", K.PARTY_GROUP), ("应急管理局党组", "市应急局党组", K.PARTY_GROUP),
    ("审计局党组", "市审计局党组", K.PARTY_GROUP), ("国资委党委", "市国资委党委", K.PARTY_COMMITTEE),
    ("市场监督管理局党组", "市市场监管局党组", K.PARTY_GROUP), ("林业和草原局党组", "市林草局党组", K.PARTY_GROUP),
    ("统计局党组", "市统计局党组", K.PARTY_GROUP), ("医疗保障局党组", "市医保局党组", K.PARTY_GROUP),
    ("信访局党组", "市信访局党组", K.PARTY_GROUP), ("大数据管理局党组", "市大数据局党组", K.PARTY_GROUP),
    ("气象局党组", "市气象局党组", K.PARTY_GROUP), ("税务局党委", "市税务局党委", K.PARTY_COMMITTEE),
    ("经济开发区党工委", "市经开区党工委", K.WORKING_COMMITTEE),
)  # fmt: skip
COUNTY_ORGANS: tuple[tuple[str, str], ...] = (
    ("人大常委会党组", K.PARTY_GROUP), ("人民政府党组", K.PARTY_GROUP), ("政协党组", K.PARTY_GROUP),
)  # fmt: skip
# Three townships a county, four in the first.
TOWNSHIPS = (
    ("南埠街道", "柳湾镇", "河阳镇", "东篱镇"), ("青崖镇", "松坪镇", "岑溪乡"), ("望湖镇", "泽口镇", "莲塘乡"), ("岚谷镇", "云桥镇", "枫林乡"),
    ("石桥镇", "汀洲镇", "竹坞乡"), ("白沙镇", "漾水镇", "桑园乡"), ("鹿角镇", "鸣泉镇", "杏坡乡"), ("桐花镇", "浦口镇", "梨岭乡"),
    ("岭脚镇", "北渡镇", "雪溪乡"),
)  # fmt: skip

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金"
    "陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文单仇"
)
GIVEN_FIRST = "建国志明文晓海永德学宏立春秀玉丽红雪云光新正平安思雨子天一少东家振金世广仁义培庆兴"
GIVEN_SECOND = "华强军伟勇杰涛斌波辉刚健民生林峰平东宁洋鹏飞敏静丽娟芳燕玲琴霞梅兰英慧珍洁岩松柏川江源泉"

PARTY_POSTS = ("党组书记、局长", "党组副书记、副局长", "党组成员、副局长", "党组成员、纪检组长", "党组成员、总工程师", "办公室主任",
               "人事科科长", "法规科科长", "规划科科长", "机关党委专职副书记", "二级调研员", "三级调研员")  # fmt: skip
COMMITTEE_POSTS = ("书记", "副书记、政府正职", "副书记", "常委、组织部部长", "常委、宣传部部长", "常委、纪委书记", "常委、常务副职",
                   "常委、政法委书记", "常委、统战部部长", "常委、办公室主任", "副职领导", "党委委员")  # fmt: skip

# (topic, category 1-9, mode): subjects of the kind a year's plan holds; general, no invented document.
TOPICS: tuple[tuple[str, int, str], ...] = (
    ("学习习近平新时代中国特色社会主义思想", 1, "LEADER_LED"), ("学习党章和党内法规", 2, "DISCUSSION"),
    ("学习中央经济工作会议精神", 3, "LEADER_LED"), ("学习宪法和民法典", 4, "HYBRID"),
    ("践行社会主义核心价值观", 5, "ON_SITE"), ("学习党史、新中国史", 6, "ON_SITE"),
    ("因地制宜发展新质生产力", 7, "FIELD"), ("推进乡村全面振兴", 8, "FIELD"),
    ("学习上级重要会议精神", 9, "DISCUSSION"), ("锲而不舍落实中央八项规定精神", 2, "DISCUSSION"),
    ("优化营商环境", 8, "TEACH_BACK"), ("生态文明建设和绿色发展", 7, "FIELD"),
    ("总体国家安全观", 1, "DISCUSSION"), ("基层治理和群众工作", 8, "TEACH_BACK"),
    ("数字政府建设", 7, "HYBRID"), ("铸牢中华民族共同体意识", 7, "DISCUSSION"),
    ("意识形态工作责任制", 3, "DISCUSSION"), ("防范化解重点领域风险", 8, "LEADER_LED"),
    ("保守国家秘密法和安全生产法", 4, "HYBRID"), ("弘扬中华优秀传统文化", 5, "ON_SITE"),
)  # fmt: skip
PLACES = ("机关三楼会议室", "第一会议室", "党员活动室", "四楼中心组学习室", "视频会议室")
SITES = ("乡村振兴示范村", "党史学习教育基地", "产业园区企业车间", "基层治理服务中心", "水库移民新村", "廉政教育基地")
LEAVE_REASONS = ("赴省里参加会议", "带队招商", "下乡调研", "住院治疗", "参加培训班", "接待上级督查")
ABSENT_REASONS = ("未请假，事后说明临时处置突发事件", "通知未及时送达", "记错会议时间")
DOCUMENT_HEADS = ("澜发", "澜办发", "澜政发", "澜政办发")
