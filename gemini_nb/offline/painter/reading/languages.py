"""Words of German, French, Spanish, Japanese and Chinese, and emoji, for what the painter can draw.

A table's rows are a meaning and its words with spaces between them; "_" joins those of a phrase, and what
stands after "/" is plural. Endings of adjectives are added by rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gemini_nb.offline.painter.reading.vocabulary import Kind

    Table = dict[Any, str]


class Language(NamedTuple):
    """The words of one language; `endings` are what its adjectives may end in."""

    endings: tuple[str, ...]
    tables: dict[Kind, Table]

    def entries(self) -> Iterator[tuple[str, Kind, Any, bool]]:
        """Yield every phrase with its kind, its meaning, and whether it is a plural."""
        for kind, table in self.tables.items():
            for value, words in table.items():
                singular, _, plural = words.partition("/")
                for word in singular.split():
                    for form in self._forms(word) if kind in ("colour", "size") else (word,):
                        yield form.replace("_", " "), kind, value, False
                for word in plural.split():
                    yield word.replace("_", " "), kind, value, True

    def _forms(self, word: str) -> Iterator[str]:
        yield word
        stem = word[:-1] if word[-1] in "oe" and len(self.endings) < 5 else word
        for ending in self.endings:
            yield word + ending
            yield stem + ending


GERMAN = Language(("e", "er", "es", "en", "em"), {
    "noun": {
        "circle": "kreis punkt ball kugel scheibe / kreise kreisen punkte punkten bälle bällen kugeln",
        "square": "quadrat würfel kasten / quadrate quadraten würfel",
        "rectangle": "rechteck / rechtecke rechtecken",
        "triangle": "dreieck pyramide / dreiecke dreiecken",
        "star": "stern / sterne sternen",
        "heart": "herz herzen / herzen",
        "cloud": "wolke / wolken",
        "drop": "tropfen",
        "bolt": "blitz / blitze blitzen",
        "leaf": "blatt / blätter blättern",
        "cat": "katze kater kätzchen / katzen",
        "dog": "hund welpe hündchen / hunde hunden",
        "bird": "vogel papagei spatz / vögel vögeln",
        "fish": "fisch goldfisch / fische fischen",
        "butterfly": "schmetterling / schmetterlinge schmetterlingen",
        "tree": "baum apfelbaum eiche laubbaum / bäume bäumen",
        "pine": "tanne fichte kiefer weihnachtsbaum tannenbaum / tannen fichten",
        "palm": "palme / palmen",
        "flower": "blume blüte tulpe sonnenblume gänseblümchen / blumen blüten tulpen sonnenblumen",
        "mushroom": "pilz fliegenpilz / pilze pilzen",
        "apple": "apfel / äpfel äpfeln",
        "banana": "banane / bananen",
        "sun": "sonne",
        "moon": "mond vollmond",
        "crescent": "halbmond mondsichel",
        "planet": "planet saturn planeten / planeten",
        "house": "haus häuschen hütte / häuser häusern",
        "lighthouse": "leuchtturm / leuchttürme leuchttürmen",
        "boat": "boot schiff segelboot segelschiff / boote booten schiffe schiffen segelboote segelbooten",
        "balloon": "luftballon ballon / luftballons ballons",
        "hot air balloon": "heißluftballon heissluftballon / heißluftballons",
        "car": "auto wagen / autos",
        "rocket": "rakete raumschiff / raketen raumschiffe",
        "robot": "roboter / roboter robotern",
        "cup": "tasse becher kaffee tee kaffeetasse teetasse / tassen",
        "umbrella": "regenschirm schirm sonnenschirm / regenschirme schirme",
        "kite": "drachenflieger papierdrachen lenkdrachen",
        "snowman": "schneemann / schneemänner",
        "person": "mensch frau mann kind mädchen junge person porträt gesicht "
        "/ menschen personen leute leuten frauen männer männern kinder kindern",
        "snowflake": "schneeflocke / schneeflocken",
        "gift": "geschenk / geschenke geschenken",
    },
    "colour": {
        "red": "rot", "green": "grün", "blue": "blau", "yellow": "gelb", "black": "schwarz", "white": "weiß weiss",
        "grey": "grau", "orange": "orange orangefarben", "pink": "rosa pink", "purple": "lila violett",
        "brown": "braun", "turquoise": "türkis", "golden": "golden", "silver": "silbern",
        "lightblue": "hellblau", "darkblue": "dunkelblau", "lightgreen": "hellgrün", "darkgreen": "dunkelgrün",
    },
    "size": {0.3: "winzig", 0.58: "klein", 1.35: "groß gross", 1.7: "riesig"},
    "count": {
        1: "ein eine einen einem einer eines", 2: "zwei", 3: "drei einige", 4: "vier", 5: "fünf mehrere",
        6: "sechs", 7: "sieben", 8: "acht", 9: "neun", 10: "zehn", 12: "zwölf viele vielen",
    },
    "scenery": {
        "sea": "meer ozean see wasser fluss hafen wellen bucht",
        "mountains": "berg berge bergen gebirge alpen vulkan",
        "hills": "hügel hügeln wiese wiesen feld felder feldern landschaft garten park tal gras",
        "forest": "wald wälder wäldern dschungel",
        "city": "stadt skyline hochhäuser straße großstadt",
        "desert": "wüste dünen",
        "beach": "strand küste",
        "space": "weltraum weltall galaxie all kosmos",
        "underwater": "unterwasser korallenriff aquarium unter_wasser",
        "clouds": "bewölkt wolkig",
        "sky": "himmel",
        "snow": "schnee winterlandschaft verschneit verschneite verschneiter verschneiten verschneites",
        "rain": "regen regnerisch",
        "storm": "sturm gewitter unwetter",
        "rainbow": "regenbogen",
    },
    "time": {
        ("sunset", None): "sonnenuntergang abend abends abenddämmerung",
        ("dawn", None): "sonnenaufgang morgen morgens nebel neblig morgendämmerung",
        ("night", None): "nacht nachts mitternacht",
        ("day", None): "tag mittag mittags tagsüber sonnig",
        ("night", "stars"): "sternenhimmel nachthimmel",
    },
    "season": {"spring": "frühling frühjahr", "summer": "sommer", "autumn": "herbst", "winter": "winter"},
    "relation": {
        "inside": "in im ins", "above": "über oberhalb", "below": "unter unterhalb", "beside": "neben bei",
        "behind": "vor", "before": "hinter", "left": "links_von", "right": "rechts_von",
    },
    "place": {
        (None, -1): "oben", (None, 1): "unten", (-1, None): "links", (1, None): "rechts",
        (0, 0): "mitte in_der_mitte",
    },
    "and": {"and": "und mit sowie"},
    "on": {"on": "auf vor_einem_hintergrund_aus"},
    "ground": {"ground": "hintergrund"},
    "not": {"not": "ohne kein keine keinen keinem keiner"},
    "shade": {"light": "hell hellen helle heller helles"},
    "skip": {
        "skip": "der die das den dem des am an aus von zu zum zur ist sind steht sitzt liegt hängt dort hier "
        "bitte bild foto zeichnung gemälde zeichne zeichnen male mal malen mir uns erstelle erzeuge zeig zeige "
        "schöne schöner schönes schönen schön süße süßer süßes süßen ich möchte will hätte gern gerne es sehr "
        "eine_art durch nach beim sein seine seinem seinen ihr ihre ihrem ihren farben farbe der_farbe als wie "
        "kannst du könntest sie dich das_bild einfarbig einfach einfachen einfacher einfaches",
    },
})  # fmt: skip

FRENCH = Language(("e", "s", "es", "x"), {
    "noun": {
        "circle": "cercle rond point balle ballon_de_foot boule disque / cercles ronds points balles boules",
        "square": "carré cube / carrés cubes",
        "rectangle": "rectangle / rectangles",
        "triangle": "triangle pyramide / triangles",
        "star": "étoile etoile / étoiles etoiles",
        "heart": "cœur coeur / cœurs coeurs",
        "cloud": "nuage / nuages",
        "drop": "goutte / gouttes",
        "bolt": "éclair / éclairs",
        "leaf": "feuille / feuilles",
        "cat": "chat chatte chaton / chats chatons",
        "dog": "chien chienne chiot / chiens chiots",
        "bird": "oiseau perroquet moineau / oiseaux",
        "fish": "poisson poisson_rouge / poissons",
        "butterfly": "papillon / papillons",
        "tree": "arbre chêne / arbres",
        "pine": "sapin pin sapin_de_noël / sapins pins",
        "palm": "palmier / palmiers",
        "flower": "fleur tulipe marguerite tournesol / fleurs tulipes marguerites tournesols",
        "mushroom": "champignon / champignons",
        "apple": "pomme / pommes",
        "banana": "banane / bananes",
        "sun": "soleil",
        "moon": "lune pleine_lune",
        "crescent": "croissant_de_lune",
        "planet": "planète saturne / planètes",
        "house": "maison cabane chaumière maisonnette / maisons cabanes",
        "lighthouse": "phare / phares",
        "boat": "bateau voilier navire bateau_à_voile / bateaux voiliers navires",
        "balloon": "ballon / ballons",
        "hot air balloon": "montgolfière / montgolfières",
        "car": "voiture auto / voitures",
        "rocket": "fusée vaisseau_spatial / fusées",
        "robot": "robot / robots",
        "cup": "tasse café thé tasse_de_café tasse_de_thé / tasses",
        "umbrella": "parapluie parasol / parapluies parasols",
        "kite": "cerf_volant / cerfs_volants",
        "snowman": "bonhomme_de_neige / bonhommes_de_neige",
        "person": "personne femme homme fille garçon enfant portrait visage "
        "/ personnes gens femmes hommes filles garçons enfants",
        "snowflake": "flocon flocon_de_neige / flocons flocons_de_neige",
        "gift": "cadeau / cadeaux",
    },
    "colour": {
        "red": "rouge", "green": "vert", "blue": "bleu", "yellow": "jaune", "black": "noir", "white": "blanc blanche",
        "grey": "gris", "orange": "orange", "pink": "rose", "purple": "violet violette pourpre", "brown": "brun marron",
        "turquoise": "turquoise", "golden": "doré", "silver": "argenté",
    },
    "size": {0.3: "minuscule", 0.58: "petit", 1.35: "grand gros grosse", 1.7: "énorme géant immense"},
    "count": {
        1: "un une", 2: "deux", 3: "trois quelques des", 4: "quatre", 5: "cinq plusieurs", 6: "six", 7: "sept",
        8: "huit", 9: "neuf", 10: "dix", 12: "douze beaucoup",
    },
    "scenery": {
        "sea": "mer océan lac rivière eau vagues port",
        "mountains": "montagne montagnes alpes volcan",
        "hills": "colline collines prairie champ champs paysage jardin parc campagne vallée herbe",
        "forest": "forêt bois jungle",
        "city": "ville gratte_ciel rue immeubles",
        "desert": "désert dunes",
        "beach": "plage côte",
        "space": "espace galaxie cosmos univers",
        "underwater": "sous_l_eau aquarium récif sous_marin",
        "clouds": "nuageux",
        "sky": "ciel",
        "snow": "neige enneigé enneigée enneigés enneigées",
        "rain": "pluie pluvieux",
        "storm": "orage tempête",
        "rainbow": "arc_en_ciel",
    },
    "time": {
        ("sunset", None): "coucher_de_soleil soir crépuscule coucher_du_soleil",
        ("dawn", None): "lever_de_soleil lever_du_soleil aube matin brume brouillard",
        ("night", None): "nuit minuit",
        ("day", None): "jour midi journée ensoleillé ensoleillée",
        ("night", "stars"): "ciel_étoilé nuit_étoilée",
    },
    "season": {"spring": "printemps", "summer": "été", "autumn": "automne", "winter": "hiver"},
    "relation": {
        "inside": "dans en", "above": "au_dessus_de au_dessus_d au_dessus_du", "below": "sous au_dessous_de",
        "beside": "à_côté_de à_côté_d à_côté_du près_de", "behind": "devant", "before": "derrière",
        "left": "à_gauche_de", "right": "à_droite_de",
    },
    "place": {
        (None, -1): "en_haut haut", (None, 1): "en_bas bas", (-1, None): "à_gauche gauche",
        (1, None): "à_droite droite", (0, 0): "au_centre au_milieu centre milieu",
    },
    "and": {"and": "et avec ainsi"},
    "on": {"on": "sur"},
    "ground": {"ground": "fond arrière_plan"},
    "other": {"other": "en_bois"},
    "not": {"not": "sans aucun aucune pas_de pas_d"},
    "skip": {
        "skip": "clair claire clairs claires le la les l d de du au aux à a est sont qui que il elle y ce cette ces s se son sa ses ma mon "
        "s_il_vous_plaît s_il_te_plaît svp stp image photo dessin peinture dessine dessinez dessiner peins "
        "peindre crée créer fais moi nous montre je voudrais veux beau belle beaux belles joli jolie jolis "
        "jolies mignon mignonne très par pour couleur couleurs de_couleur simple uni unie comme peux tu pouvez "
        "vous assis assise debout une_image un_dessin",
    },
})  # fmt: skip

SPANISH = Language(("a", "os", "as", "s"), {
    "noun": {
        "circle": "círculo circulo punto pelota bola disco / círculos circulos puntos pelotas bolas",
        "square": "cuadrado cubo caja / cuadrados cubos cajas",
        "rectangle": "rectángulo / rectángulos",
        "triangle": "triángulo triangulo pirámide / triángulos triangulos",
        "star": "estrella / estrellas",
        "heart": "corazón corazon / corazones",
        "cloud": "nube / nubes",
        "drop": "gota / gotas",
        "bolt": "rayo relámpago / rayos relámpagos",
        "leaf": "hoja / hojas",
        "cat": "gato gata gatito gatita / gatos gatas gatitos",
        "dog": "perro perra perrito cachorro / perros perritos cachorros",
        "bird": "pájaro pajaro ave loro gorrión / pájaros pajaros aves",
        "fish": "pez pescado / peces",
        "butterfly": "mariposa / mariposas",
        "tree": "árbol arbol roble / árboles arboles",
        "pine": "pino abeto árbol_de_navidad / pinos abetos",
        "palm": "palmera / palmeras",
        "flower": "flor tulipán margarita girasol / flores tulipanes margaritas girasoles",
        "mushroom": "seta hongo / setas hongos",
        "apple": "manzana / manzanas",
        "banana": "plátano banana / plátanos bananas",
        "sun": "sol",
        "moon": "luna luna_llena",
        "crescent": "media_luna luna_creciente",
        "planet": "planeta saturno / planetas",
        "house": "casa cabaña casita / casas cabañas casitas",
        "lighthouse": "faro / faros",
        "boat": "barco velero bote barca / barcos veleros botes barcas",
        "balloon": "globo / globos",
        "hot air balloon": "globo_aerostático globo_de_aire_caliente / globos_aerostáticos",
        "car": "coche carro auto / coches carros autos",
        "rocket": "cohete nave_espacial / cohetes",
        "robot": "robot / robots",
        "cup": "taza café té taza_de_café taza_de_té / tazas",
        "umbrella": "paraguas sombrilla / sombrillas",
        "kite": "cometa / cometas",
        "snowman": "muñeco_de_nieve / muñecos_de_nieve",
        "person": "persona mujer hombre niña niño chica chico retrato cara "
        "/ personas gente mujeres hombres niñas niños",
        "snowflake": "copo_de_nieve / copos_de_nieve",
        "gift": "regalo / regalos",
    },
    "colour": {
        "red": "rojo", "green": "verde", "blue": "azul azules", "yellow": "amarillo", "black": "negro",
        "white": "blanco", "grey": "gris grises", "orange": "naranja anaranjado", "pink": "rosa rosado",
        "purple": "morado violeta púrpura", "brown": "marrón marrones café_oscuro", "turquoise": "turquesa",
        "golden": "dorado", "silver": "plateado",
    },
    "size": {0.3: "diminuto minúsculo", 0.58: "pequeño", 1.35: "gran grande", 1.7: "enorme gigante"},
    "count": {
        1: "un una uno", 2: "dos", 3: "tres unos unas algunos algunas", 4: "cuatro", 5: "cinco varios varias",
        6: "seis", 7: "siete", 8: "ocho", 9: "nueve", 10: "diez", 12: "doce muchos muchas",
    },
    "scenery": {
        "sea": "mar océano lago río agua olas puerto",
        "mountains": "montaña montañas alpes volcán",
        "hills": "colina colinas prado campo campos paisaje jardín parque valle hierba",
        "forest": "bosque selva",
        "city": "ciudad rascacielos calle edificios",
        "desert": "desierto dunas",
        "beach": "playa costa",
        "space": "espacio galaxia cosmos universo",
        "underwater": "bajo_el_agua acuario arrecife",
        "clouds": "nublado",
        "sky": "cielo",
        "snow": "nieve nevado nevada nevados nevadas",
        "rain": "lluvia lluvioso",
        "storm": "tormenta",
        "rainbow": "arcoíris arcoiris arco_iris",
    },
    "time": {
        ("sunset", None): "puesta_de_sol puesta_del_sol atardecer anochecer ocaso",
        ("dawn", None): "amanecer salida_del_sol mañana niebla",
        ("night", None): "noche medianoche",
        ("day", None): "día mediodía soleado soleada",
        ("night", "stars"): "cielo_estrellado noche_estrellada",
    },
    "season": {"spring": "primavera", "summer": "verano", "autumn": "otoño", "winter": "invierno"},
    "relation": {
        "inside": "en dentro_de dentro_del", "above": "encima_de encima_del", "below": "bajo debajo_de debajo_del",
        "beside": "junto_a junto_al al_lado_de al_lado_del cerca_de cerca_del", "behind": "delante_de delante_del",
        "before": "detrás_de detrás_del", "left": "a_la_izquierda_de", "right": "a_la_derecha_de",
    },
    "place": {
        (None, -1): "arriba", (None, 1): "abajo", (-1, None): "a_la_izquierda izquierda",
        (1, None): "a_la_derecha derecha", (0, 0): "en_el_centro centro",
    },
    "and": {"and": "y con e"},
    "on": {"on": "sobre"},
    "ground": {"ground": "fondo"},
    "not": {"not": "sin ningún ninguna"},
    "skip": {
        "skip": "claro clara claros claras el la los las lo de del al a es está son están que se su sus mi por para favor por_favor imagen "
        "foto dibujo pintura dibuja dibujar pinta pintar crea crear haz hazme muéstrame quiero quisiera me un_poco "
        "bonito bonita bonitos bonitas hermoso hermosa lindo linda lindos lindas muy color colores de_color "
        "simple sencillo como puedes una_imagen un_dibujo sentado sentada",
    },
})  # fmt: skip

LATIN = {"de": GERMAN, "fr": FRENCH, "es": SPANISH}

_ENGLISH_TOO = """
    auto bald ballon bar boot bras chair chat chose coin cosmos die gran herd hell kind mal mar mine
    pain parc park pie pin pins port portrait rectangle rose rot sale sin six skyline sol son stern
    stole table tag triangle turquoise violet wagen wolf
"""
ENGLISH_TOO = frozenset(_ENGLISH_TOO.split())
"""Words of the languages above that are English too: alone they do not tell that a prompt is not English."""

_NUMERALS = {1: "一", 2: "二两兩", 3: "三", 4: "四", 5: "五", 6: "六", 7: "七", 8: "八", 9: "九", 10: "十"}
_COUNTERS = "只隻个個匹本艘条條朵辆輛座棵颗顆台枚頭头羽輪人位间間张張幅架株把"
_KANA_NUMERALS = {1: "ひとつ", 2: "ふたつ", 3: "みっつ", 4: "よっつ", 5: "いつつ", 6: "むっつ"}

_CJK: dict[Kind, Table] = {
    "noun": {
        "circle": "円 丸 まる 圆形 圆圈 圆 圓形 圓 ボール 球",
        "square": "四角 正方形 方块 方形 箱",
        "rectangle": "長方形 长方形 矩形",
        "triangle": "三角形 三角",
        "star": "星 星星",
        "heart": "ハート 心形 爱心 愛心",
        "cloud": "雲 云 云朵 雲朵 白云",
        "drop": "しずく 水滴",
        "bolt": "稲妻 雷 闪电 閃電",
        "leaf": "葉 葉っぱ 叶子 树叶 葉子",
        "cat": "猫 ねこ ネコ 子猫 貓 小猫 小貓 猫咪 黒猫 白猫",
        "dog": "犬 いぬ イヌ 子犬 狗 小狗",
        "bird": "鳥 とり 小鳥 鸟 小鸟",
        "fish": "魚 さかな 金魚 鱼 小鱼 金鱼 热带鱼 熱帯魚",
        "butterfly": "蝶 蝶々 ちょうちょ 蝴蝶",
        "tree": "木 樹 树 大树 树木 樹木 桜 さくら 桜の木",
        "pine": "松 松の木 もみの木 クリスマスツリー 松树 圣诞树",
        "palm": "ヤシ ヤシの木 椰子树 棕榈树",
        "flower": "花 お花 花朵 鲜花 ひまわり 向日葵 チューリップ 郁金香",
        "mushroom": "きのこ キノコ 蘑菇",
        "apple": "りんご リンゴ 林檎 苹果 蘋果",
        "banana": "バナナ 香蕉",
        "sun": "太陽 お日様 太阳",
        "moon": "月 満月 お月様 月亮 满月",
        "crescent": "三日月 月牙",
        "planet": "惑星 土星 行星",
        "house": "家 いえ お家 一軒家 房子 屋 小屋 房屋",
        "lighthouse": "灯台 灯塔 燈塔",
        "boat": "船 ふね ボート ヨット 帆船 舟 小船 帆船 轮船",
        "balloon": "風船 气球 氣球 バルーン",
        "hot air balloon": "熱気球 気球 热气球 熱氣球",
        "car": "車 くるま 自動車 车 汽车 小汽车 汽車 轿车",
        "rocket": "ロケット 宇宙船 火箭 飞船 宇宙飞船 太空船",
        "robot": "ロボット 机器人 機器人",
        "cup": "カップ コーヒー お茶 マグカップ コーヒーカップ 杯子 咖啡 茶杯 咖啡杯",
        "umbrella": "傘 かさ 日傘 雨傘 雨伞 伞",
        "kite": "凧 たこあげ 风筝 風箏",
        "snowman": "雪だるま 雪人",
        "person": "人 人物 女性 男性 女の子 男の子 子供 女人 男人 女孩 男孩 孩子 小孩 肖像 顔 少女 少年",
        "snowflake": "雪の結晶 雪花",
        "gift": "プレゼント 贈り物 礼物 禮物",
    },
    "colour": {
        "red": "赤い 赤 赤色 红色 红 紅色",
        "green": "緑 緑の 緑色 绿色 绿 綠色",
        "blue": "青い 青 青色 蓝色 蓝 藍色",
        "yellow": "黄色い 黄色 黄 黃色",
        "black": "黒い 黒 黒色 黑色 黑",
        "white": "白い 白 白色",
        "grey": "灰色 グレー 灰",
        "orange": "オレンジ オレンジ色 橙色 橙",
        "pink": "ピンク ピンク色 桃色 粉色 粉红色 粉紅色",
        "purple": "紫 紫色 紫の",
        "brown": "茶色 茶色い 棕色 褐色",
        "golden": "金色 黄金",
        "silver": "銀色 银色",
        "lightblue": "水色 浅蓝色 淡蓝色",
    },
    "size": {0.58: "小さい 小さな 小", 1.35: "大きい 大きな 大", 1.7: "巨大 巨大な"},
    "count": {3: "いくつかの 几 几只 几个", 12: "たくさんの たくさん 許多 许多 很多"},
    "scenery": {
        "sea": "海 海上 海洋 大海 湖 川 河 水 波 水面 海浪",
        "mountains": "山 山々 富士山 火山 山脉 山脈 群山 雪山 高山",
        "hills": "丘 草原 野原 畑 田舎 庭 公園 风景 風景 草地 田野 花园 公园 山丘 芝生",
        "forest": "森 森林 林 ジャングル 树林 丛林",
        "city": "街 町 都市 城市 東京 东京 高层建筑 ビル 北京 上海",
        "desert": "砂漠 沙漠",
        "beach": "浜辺 ビーチ 海辺 海岸 海滩 沙滩 海邊 砂浜",
        "space": "宇宙 銀河 银河 太空 星空間",
        "underwater": "水中 海中 海底 水底 水下",
        "clouds": "曇り 多云",
        "sky": "空 青空 天空 蓝天",
        "snow": "雪 雪景色 雪景 下雪",
        "rain": "雨 下雨 雨天",
        "storm": "嵐 暴風雨 暴风雨 雷雨",
        "rainbow": "虹 彩虹",
    },
    "time": {
        ("sunset", None): "夕日 夕焼け 夕方 日没 日落 黄昏 傍晚 夕阳",
        ("dawn", None): "朝 朝日 日の出 夜明け 霧 早晨 日出 清晨 黎明 雾",
        ("night", None): "夜 夜中 真夜中 夜晚 晚上 夜景 夜间",
        ("day", None): "昼 白天 晴れ 晴天",
        ("night", "stars"): "星空 夜空",
    },
    "season": {
        "spring": "春 春天 春季", "summer": "夏 夏天 夏季", "autumn": "秋 秋天 秋季", "winter": "冬 冬天 冬季",
    },
    "place": {
        (-1, -1): "左上", (1, -1): "右上", (-1, 1): "左下", (1, 1): "右下", (-1, None): "左边 左側 左に",
        (1, None): "右边 右側 右に", (0, 0): "中央 真ん中 中间 中心",
    },
    "and": {"and": "と や 和 与 與 跟 以及 还有 そして"},
    "ground": {"ground": "背景 の背景"},
    "absent": {"absent": "のない がない なし 無し がいない のいない"},
    "not": {"not": "没有 沒有 无 不要"},
    "skip": {
        "skip": "の は が を に へ で も から まで です ます ください 下さい お願いします いる ある います あります "
        "上 下 中 里 裡 上の 中の 下の 的 了 着 是 在 有 之 地 得 请 請 给我 我 你 描いて 描く 絵 画像 写真 イラスト を描いて "
        "画 畫 图片 图像 圖片 照片 生成 创建 一张图 一幅画 张图 てください かわいい 可愛い 可爱 可愛 美しい きれいな 美丽的 漂亮的 "
        "漂亮 立つ 立っている 浮かぶ 浮かんでいる 坐在 站在 停在 色 色の"
    },
    # words of their own that cannot be drawn: what stands beside them keeps its meaning
    "other": {"other": "宇宙飛行士 宇航员 太空人 人工知能 人工智能 睡觉 睡 坐 站 跑 飞 飛 游泳 骑 騎 吃 喝 玩 看 追 抱 拿 戴着 穿着 跳舞 唱歌 微笑 走"},
}  # fmt: skip

EMOJI: dict[Kind, Table] = {
    "noun": {
        "star": "⭐ 🌟 ★ ☆", "heart": "❤ ♥ 💙 💚 💛 💜 🖤 🧡 💗 💖 💕", "cloud": "☁ ⛅", "drop": "💧", "bolt": "⚡ 🌩",
        "leaf": "🍃 🍂 🍁 🌿", "smiley": "😀 😃 😄 😁 🙂 😊 ☺", "cat": "🐱 🐈 😺", "dog": "🐶 🐕", "bird": "🐦",
        "fish": "🐟 🐠 🐡", "butterfly": "🦋", "tree": "🌳", "pine": "🌲 🎄", "palm": "🌴", "mushroom": "🍄",
        "flower": "🌸 🌼 🌻 🌷 🌺", "apple": "🍎 🍏", "banana": "🍌", "sun": "☀ 🌞", "moon": "🌕 🌝", "crescent": "🌙 🌛",
        "planet": "🪐", "house": "🏠 🏡", "boat": "⛵ 🚢 🛥", "balloon": "🎈", "car": "🚗 🚙 🚕", "rocket": "🚀",
        "robot": "🤖", "cup": "☕ 🍵", "umbrella": "☂ ☔ 🌂", "kite": "🪁", "snowman": "⛄ ☃", "snowflake": "❄",
        "gift": "🎁", "person": "🧑 👩 👨 👧 👦 🧒",
    },
    "scenery": {
        "mountains": "🏔 ⛰ 🗻 🌋", "sea": "🌊", "beach": "🏖", "desert": "🏜", "city": "🏙", "rainbow": "🌈",
        "space": "🌌", "rain": "🌧", "storm": "⛈",
    },
}  # fmt: skip


def list_words(tables: dict[Kind, Table]) -> Iterator[tuple[str, Kind, Any]]:
    """Yield every word of tables without phrases and plurals, with its kind and its meaning."""
    for kind, table in tables.items():
        for value, words in table.items():
            for word in words.split():
                yield word, kind, value


def cjk_entries() -> Iterator[tuple[str, Kind, Any]]:
    """Yield every Japanese and Chinese word with its kind and its meaning."""
    yield from list_words(_CJK)
    for number, characters in _NUMERALS.items():
        for numeral in characters:
            for counter in (*_COUNTERS, "つの", "つ"):
                yield numeral + counter, "count", number
    for number, word in _KANA_NUMERALS.items():
        yield word, "count", number
        yield word + "の", "count", number
