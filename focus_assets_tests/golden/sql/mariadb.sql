-- _focus_ledger
CREATE TABLE _focus_ledger (
	source VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	resource VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	`partition` VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	service LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	generation BIGINT,
	`rows` BIGINT,
	verdict LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	`load` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	watermark LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	as_of LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	digest LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	total_items BIGINT,
	quarantined BIGINT,
	server_time LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	full_at LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	proven_at LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	`schema` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	schema_hash LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	key_hash LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	config_hash LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	run_id LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	started_at LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	finished_at LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	PRIMARY KEY (source, resource, `partition`)
);

-- _focus_rejects
CREATE TABLE _focus_rejects (
	source VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	resource VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	`partition` VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	row_key VARCHAR(384) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	keyed BOOL,
	line BIGINT,
	reason LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	raw LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	seen_at LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	PRIMARY KEY (source, resource, `partition`, row_key)
);

-- the mirror's table
CREATE TABLE `retail__offers` (
	`_country` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	`shop` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	`number` BIGINT NOT NULL,
	`small` SMALLINT,
	`whole` INTEGER,
	`ratio` DOUBLE,
	`price` NUMERIC(18, 4),
	`exact` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	`ref` CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
	`created_at` DATETIME(6),
	`updated_at` DATETIME(6),
	`day` DATE,
	`active` BOOL,
	`Extra` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	`picture` LONGBLOB,
	`tags` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	`_synced_at` DATETIME(6),
	PRIMARY KEY (`_country`, `shop`, `number`)
);

-- the stage
CREATE TEMPORARY TABLE _focus_base (
	`shop` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	`number` BIGINT NOT NULL,
	`small` SMALLINT,
	`whole` INTEGER,
	`ratio` DOUBLE,
	`price` NUMERIC(18, 4),
	`exact` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	`ref` CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
	`created_at` DATETIME(6),
	`updated_at` DATETIME(6),
	`day` DATE,
	`active` BOOL,
	`Extra` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	`picture` LONGBLOB,
	`tags` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
	_focus_deleted BOOL NOT NULL DEFAULT false,
	_focus_arrival BIGINT NOT NULL AUTO_INCREMENT,
	PRIMARY KEY (_focus_arrival)
);

-- its key
CREATE UNIQUE INDEX _focus_base_key ON _focus_base (`shop`, `number`);

-- full: compare
SELECT (SELECT count(*) AS count_1
FROM `retail__offers`
WHERE `retail__offers`.`_country` = %(country_1)s) AS anon_1, count(*) AS count_2, count(pairs.partner) AS count_3, count(pairs.different) AS count_4
FROM (SELECT _focus_base.`shop` AS partner, CASE WHEN (_focus_base.`shop` IS NOT NULL AND (NOT (`retail__offers`.`small` <=> _focus_base.`small`) OR NOT (`retail__offers`.`whole` <=> _focus_base.`whole`) OR NOT (`retail__offers`.`ratio` <=> _focus_base.`ratio`) OR NOT (`retail__offers`.`price` <=> _focus_base.`price`) OR NOT (`retail__offers`.`exact` <=> _focus_base.`exact`) OR NOT (`retail__offers`.`ref` <=> _focus_base.`ref`) OR NOT (`retail__offers`.`created_at` <=> _focus_base.`created_at`) OR NOT (`retail__offers`.`updated_at` <=> _focus_base.`updated_at`) OR NOT (`retail__offers`.`day` <=> _focus_base.`day`) OR NOT (`retail__offers`.`active` <=> _focus_base.`active`) OR NOT (`retail__offers`.`Extra` <=> _focus_base.`Extra`) OR NOT (`retail__offers`.`picture` <=> _focus_base.`picture`) OR NOT (`retail__offers`.`tags` <=> _focus_base.`tags`))) THEN %(param_1)s END AS different
FROM `retail__offers` INNER JOIN _focus_base ON `retail__offers`.`shop` = _focus_base.`shop` AND `retail__offers`.`number` = _focus_base.`number` AND _focus_base._focus_deleted = 0
WHERE `retail__offers`.`_country` = %(country_2)s) AS pairs;

-- full: delete
DELETE FROM `retail__offers` WHERE `retail__offers`.`_country` = %(country_1)s AND NOT (EXISTS (SELECT *
FROM _focus_base
WHERE `retail__offers`.`shop` = _focus_base.`shop` AND `retail__offers`.`number` = _focus_base.`number` AND _focus_base._focus_deleted = 0));

-- full: update
UPDATE `retail__offers`, _focus_base SET `retail__offers`.`small`=_focus_base.`small`, `retail__offers`.`whole`=_focus_base.`whole`, `retail__offers`.`ratio`=_focus_base.`ratio`, `retail__offers`.`price`=_focus_base.`price`, `retail__offers`.`exact`=_focus_base.`exact`, `retail__offers`.`ref`=_focus_base.`ref`, `retail__offers`.`created_at`=_focus_base.`created_at`, `retail__offers`.`updated_at`=_focus_base.`updated_at`, `retail__offers`.`day`=_focus_base.`day`, `retail__offers`.`active`=_focus_base.`active`, `retail__offers`.`Extra`=_focus_base.`Extra`, `retail__offers`.`picture`=_focus_base.`picture`, `retail__offers`.`tags`=_focus_base.`tags`, `retail__offers`.`_synced_at`=CAST(%(param_1)s AS DATETIME(6)) WHERE `retail__offers`.`_country` = %(country_1)s AND `retail__offers`.`shop` = _focus_base.`shop` AND `retail__offers`.`number` = _focus_base.`number` AND _focus_base._focus_deleted = 0 AND (NOT (`retail__offers`.`small` <=> _focus_base.`small`) OR NOT (`retail__offers`.`whole` <=> _focus_base.`whole`) OR NOT (`retail__offers`.`ratio` <=> _focus_base.`ratio`) OR NOT (`retail__offers`.`price` <=> _focus_base.`price`) OR NOT (`retail__offers`.`exact` <=> _focus_base.`exact`) OR NOT (`retail__offers`.`ref` <=> _focus_base.`ref`) OR NOT (`retail__offers`.`created_at` <=> _focus_base.`created_at`) OR NOT (`retail__offers`.`updated_at` <=> _focus_base.`updated_at`) OR NOT (`retail__offers`.`day` <=> _focus_base.`day`) OR NOT (`retail__offers`.`active` <=> _focus_base.`active`) OR NOT (`retail__offers`.`Extra` <=> _focus_base.`Extra`) OR NOT (`retail__offers`.`picture` <=> _focus_base.`picture`) OR NOT (`retail__offers`.`tags` <=> _focus_base.`tags`));

-- full: insert
INSERT INTO `retail__offers` (`_country`, `shop`, `number`, `small`, `whole`, `ratio`, `price`, `exact`, `ref`, `created_at`, `updated_at`, `day`, `active`, `Extra`, `picture`, `tags`, `_synced_at`) SELECT %(param_1)s AS anon_1, _focus_base.`shop`, _focus_base.`number`, _focus_base.`small`, _focus_base.`whole`, _focus_base.`ratio`, _focus_base.`price`, _focus_base.`exact`, _focus_base.`ref`, _focus_base.`created_at`, _focus_base.`updated_at`, _focus_base.`day`, _focus_base.`active`, _focus_base.`Extra`, _focus_base.`picture`, _focus_base.`tags`, CAST(%(param_2)s AS DATETIME(6)) AS anon_2
FROM _focus_base
WHERE _focus_base._focus_deleted = 0 AND NOT (EXISTS (SELECT *
FROM `retail__offers`
WHERE `retail__offers`.`_country` = %(country_1)s AND `retail__offers`.`shop` = _focus_base.`shop` AND `retail__offers`.`number` = _focus_base.`number`)) ORDER BY _focus_base.`shop`, _focus_base.`number`;

-- delta: delete
DELETE FROM `retail__offers` USING `retail__offers`, _focus_base WHERE `retail__offers`.`_country` = %(country_1)s AND `retail__offers`.`shop` = _focus_base.`shop` AND `retail__offers`.`number` = _focus_base.`number` AND _focus_base._focus_deleted = 1;

-- delta: update
UPDATE `retail__offers`, _focus_base SET `retail__offers`.`small`=_focus_base.`small`, `retail__offers`.`whole`=_focus_base.`whole`, `retail__offers`.`ratio`=_focus_base.`ratio`, `retail__offers`.`price`=_focus_base.`price`, `retail__offers`.`exact`=_focus_base.`exact`, `retail__offers`.`ref`=_focus_base.`ref`, `retail__offers`.`created_at`=_focus_base.`created_at`, `retail__offers`.`updated_at`=_focus_base.`updated_at`, `retail__offers`.`day`=_focus_base.`day`, `retail__offers`.`active`=_focus_base.`active`, `retail__offers`.`Extra`=_focus_base.`Extra`, `retail__offers`.`picture`=_focus_base.`picture`, `retail__offers`.`tags`=_focus_base.`tags`, `retail__offers`.`_synced_at`=CAST(%(param_1)s AS DATETIME(6)) WHERE `retail__offers`.`_country` = %(country_1)s AND `retail__offers`.`shop` = _focus_base.`shop` AND `retail__offers`.`number` = _focus_base.`number` AND _focus_base._focus_deleted = 0 AND (NOT (`retail__offers`.`small` <=> _focus_base.`small`) OR NOT (`retail__offers`.`whole` <=> _focus_base.`whole`) OR NOT (`retail__offers`.`ratio` <=> _focus_base.`ratio`) OR NOT (`retail__offers`.`price` <=> _focus_base.`price`) OR NOT (`retail__offers`.`exact` <=> _focus_base.`exact`) OR NOT (`retail__offers`.`ref` <=> _focus_base.`ref`) OR NOT (`retail__offers`.`created_at` <=> _focus_base.`created_at`) OR NOT (`retail__offers`.`updated_at` <=> _focus_base.`updated_at`) OR NOT (`retail__offers`.`day` <=> _focus_base.`day`) OR NOT (`retail__offers`.`active` <=> _focus_base.`active`) OR NOT (`retail__offers`.`Extra` <=> _focus_base.`Extra`) OR NOT (`retail__offers`.`picture` <=> _focus_base.`picture`) OR NOT (`retail__offers`.`tags` <=> _focus_base.`tags`)) AND (greatest(coalesce(_focus_base.`created_at`, CAST(%(param_2)s AS DATETIME(6))), coalesce(_focus_base.`updated_at`, CAST(%(param_3)s AS DATETIME(6)))) >= greatest(coalesce(`retail__offers`.`created_at`, CAST(%(param_4)s AS DATETIME(6))), coalesce(`retail__offers`.`updated_at`, CAST(%(param_5)s AS DATETIME(6)))) OR greatest(coalesce(`retail__offers`.`created_at`, CAST(%(param_4)s AS DATETIME(6))), coalesce(`retail__offers`.`updated_at`, CAST(%(param_5)s AS DATETIME(6)))) > CAST(%(param_6)s AS DATETIME(6)));

-- delta: insert
INSERT INTO `retail__offers` (`_country`, `shop`, `number`, `small`, `whole`, `ratio`, `price`, `exact`, `ref`, `created_at`, `updated_at`, `day`, `active`, `Extra`, `picture`, `tags`, `_synced_at`) SELECT %(param_1)s AS anon_1, _focus_base.`shop`, _focus_base.`number`, _focus_base.`small`, _focus_base.`whole`, _focus_base.`ratio`, _focus_base.`price`, _focus_base.`exact`, _focus_base.`ref`, _focus_base.`created_at`, _focus_base.`updated_at`, _focus_base.`day`, _focus_base.`active`, _focus_base.`Extra`, _focus_base.`picture`, _focus_base.`tags`, CAST(%(param_2)s AS DATETIME(6)) AS anon_2
FROM _focus_base
WHERE _focus_base._focus_deleted = 0 AND NOT (EXISTS (SELECT *
FROM `retail__offers`
WHERE `retail__offers`.`_country` = %(country_1)s AND `retail__offers`.`shop` = _focus_base.`shop` AND `retail__offers`.`number` = _focus_base.`number`)) ORDER BY _focus_base.`shop`, _focus_base.`number`;

-- count
SELECT count(*) AS count_1
FROM `retail__offers`
WHERE `retail__offers`.`_country` = %(country_1)s;

-- a view
DROP VIEW IF EXISTS `retail__offers__numeric`;

-- a view
CREATE VIEW `retail__offers__numeric` AS SELECT `retail__offers`.`_country`, `retail__offers`.`shop`, `retail__offers`.`number`, `retail__offers`.`small`, `retail__offers`.`whole`, `retail__offers`.`ratio`, `retail__offers`.`price`, `retail__offers`.`exact` * 1e0 AS `exact`, `retail__offers`.`ref`, `retail__offers`.`created_at`, `retail__offers`.`updated_at`, `retail__offers`.`day`, `retail__offers`.`active`, `retail__offers`.`Extra`, `retail__offers`.`picture`, `retail__offers`.`tags`, `retail__offers`.`_synced_at`
FROM `retail__offers`;
