-- _focus_ledger
CREATE TABLE _focus_ledger (
	source NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
	resource NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
	partition NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
	service NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	generation BIGINT NULL,
	rows BIGINT NULL,
	verdict NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	[load] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	watermark NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	as_of NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	digest NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	total_items BIGINT NULL,
	quarantined BIGINT NULL,
	server_time NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	full_at NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	proven_at NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	[schema] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	schema_hash NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	key_hash NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	config_hash NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	run_id NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	started_at NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	finished_at NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	PRIMARY KEY NONCLUSTERED (source, resource, partition)
);

-- _focus_rejects
CREATE TABLE _focus_rejects (
	source NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
	resource NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
	partition NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
	row_key NVARCHAR(384) COLLATE Latin1_General_100_BIN2 NOT NULL,
	keyed BIT NULL,
	line BIGINT NULL,
	reason NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	raw NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	seen_at NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	PRIMARY KEY NONCLUSTERED (source, resource, partition, row_key)
);

-- the mirror's table
CREATE TABLE [retail].[offers] (
	[_country] NVARCHAR(150) COLLATE Latin1_General_100_BIN2 NOT NULL,
	[shop] NVARCHAR(150) COLLATE Latin1_General_100_BIN2 NOT NULL,
	[number] BIGINT NOT NULL,
	[small] SMALLINT NULL,
	[whole] INTEGER NULL,
	[ratio] FLOAT(53) NULL,
	[price] NUMERIC(18, 4) NULL,
	[exact] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	[ref] CHAR(36) COLLATE Latin1_General_100_BIN2 NULL,
	[created_at] DATETIME2(6) NULL,
	[updated_at] DATETIME2(6) NULL,
	[day] DATE NULL,
	[active] BIT NULL,
	[Extra] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	[picture] VARBINARY(max) NULL,
	[tags] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	[_synced_at] DATETIME2(6) NULL,
	PRIMARY KEY ([_country], [shop], [number])
);

-- the stage
CREATE TABLE [#_focus_base] (
	[shop] NVARCHAR(150) COLLATE Latin1_General_100_BIN2 NOT NULL,
	[number] BIGINT NOT NULL,
	[small] SMALLINT NULL,
	[whole] INTEGER NULL,
	[ratio] FLOAT(53) NULL,
	[price] NUMERIC(18, 4) NULL,
	[exact] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	[ref] CHAR(36) COLLATE Latin1_General_100_BIN2 NULL,
	[created_at] DATETIME2(6) NULL,
	[updated_at] DATETIME2(6) NULL,
	[day] DATE NULL,
	[active] BIT NULL,
	[Extra] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	[picture] VARBINARY(max) NULL,
	[tags] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
	_focus_deleted BIT NOT NULL DEFAULT 0,
	_focus_arrival BIGINT NOT NULL IDENTITY(1,1)
);

-- its key
CREATE UNIQUE INDEX _focus_base_key ON [#_focus_base] ([shop], [number]);

-- full: compare
SELECT (SELECT count(*) AS count_1
FROM [retail].[offers]
WHERE [retail].[offers].[_country] = :country_1) AS anon_1, count(*) AS count_2, count(pairs.partner) AS count_3, count(pairs.different) AS count_4
FROM (SELECT [#_focus_base].[shop] AS partner, CASE WHEN ([#_focus_base].[shop] IS NOT NULL AND (NOT EXISTS (SELECT [retail].[offers].[small] INTERSECT SELECT [#_focus_base].[small]) OR NOT EXISTS (SELECT [retail].[offers].[whole] INTERSECT SELECT [#_focus_base].[whole]) OR NOT EXISTS (SELECT [retail].[offers].[ratio] INTERSECT SELECT [#_focus_base].[ratio]) OR NOT EXISTS (SELECT [retail].[offers].[price] INTERSECT SELECT [#_focus_base].[price]) OR NOT EXISTS (SELECT [retail].[offers].[exact] INTERSECT SELECT [#_focus_base].[exact]) OR NOT EXISTS (SELECT datalength([retail].[offers].[exact]) INTERSECT SELECT datalength([#_focus_base].[exact])) OR NOT EXISTS (SELECT [retail].[offers].[ref] INTERSECT SELECT [#_focus_base].[ref]) OR NOT EXISTS (SELECT datalength([retail].[offers].[ref]) INTERSECT SELECT datalength([#_focus_base].[ref])) OR NOT EXISTS (SELECT [retail].[offers].[created_at] INTERSECT SELECT [#_focus_base].[created_at]) OR NOT EXISTS (SELECT [retail].[offers].[updated_at] INTERSECT SELECT [#_focus_base].[updated_at]) OR NOT EXISTS (SELECT [retail].[offers].[day] INTERSECT SELECT [#_focus_base].[day]) OR NOT EXISTS (SELECT [retail].[offers].[active] INTERSECT SELECT [#_focus_base].[active]) OR NOT EXISTS (SELECT [retail].[offers].[Extra] INTERSECT SELECT [#_focus_base].[Extra]) OR NOT EXISTS (SELECT datalength([retail].[offers].[Extra]) INTERSECT SELECT datalength([#_focus_base].[Extra])) OR NOT EXISTS (SELECT [retail].[offers].[picture] INTERSECT SELECT [#_focus_base].[picture]) OR NOT EXISTS (SELECT datalength([retail].[offers].[picture]) INTERSECT SELECT datalength([#_focus_base].[picture])) OR NOT EXISTS (SELECT [retail].[offers].[tags] INTERSECT SELECT [#_focus_base].[tags]) OR NOT EXISTS (SELECT datalength([retail].[offers].[tags]) INTERSECT SELECT datalength([#_focus_base].[tags])))) THEN :param_1 END AS different
FROM [retail].[offers] LEFT OUTER JOIN [#_focus_base] ON [retail].[offers].[shop] = [#_focus_base].[shop] AND [retail].[offers].[number] = [#_focus_base].[number] AND [#_focus_base]._focus_deleted = 0
WHERE [retail].[offers].[_country] = :country_2) AS pairs;

-- full: delete
DELETE FROM [retail].[offers] WHERE [retail].[offers].[_country] = :country_1 AND NOT (EXISTS (SELECT *
FROM [#_focus_base]
WHERE [retail].[offers].[shop] = [#_focus_base].[shop] AND [retail].[offers].[number] = [#_focus_base].[number] AND [#_focus_base]._focus_deleted = 0));

-- full: update
UPDATE [retail].[offers] SET [small]=[#_focus_base].[small], [whole]=[#_focus_base].[whole], [ratio]=[#_focus_base].[ratio], [price]=[#_focus_base].[price], [exact]=[#_focus_base].[exact], [ref]=[#_focus_base].[ref], [created_at]=[#_focus_base].[created_at], [updated_at]=[#_focus_base].[updated_at], [day]=[#_focus_base].[day], [active]=[#_focus_base].[active], [Extra]=[#_focus_base].[Extra], [picture]=[#_focus_base].[picture], [tags]=[#_focus_base].[tags], [_synced_at]=CAST(:param_1 AS DATETIME2(6)) FROM [retail].[offers], [#_focus_base] WHERE [retail].[offers].[_country] = :country_1 AND [retail].[offers].[shop] = [#_focus_base].[shop] AND [retail].[offers].[number] = [#_focus_base].[number] AND [#_focus_base]._focus_deleted = 0 AND (NOT EXISTS (SELECT [retail].[offers].[small] INTERSECT SELECT [#_focus_base].[small]) OR NOT EXISTS (SELECT [retail].[offers].[whole] INTERSECT SELECT [#_focus_base].[whole]) OR NOT EXISTS (SELECT [retail].[offers].[ratio] INTERSECT SELECT [#_focus_base].[ratio]) OR NOT EXISTS (SELECT [retail].[offers].[price] INTERSECT SELECT [#_focus_base].[price]) OR NOT EXISTS (SELECT [retail].[offers].[exact] INTERSECT SELECT [#_focus_base].[exact]) OR NOT EXISTS (SELECT datalength([retail].[offers].[exact]) INTERSECT SELECT datalength([#_focus_base].[exact])) OR NOT EXISTS (SELECT [retail].[offers].[ref] INTERSECT SELECT [#_focus_base].[ref]) OR NOT EXISTS (SELECT datalength([retail].[offers].[ref]) INTERSECT SELECT datalength([#_focus_base].[ref])) OR NOT EXISTS (SELECT [retail].[offers].[created_at] INTERSECT SELECT [#_focus_base].[created_at]) OR NOT EXISTS (SELECT [retail].[offers].[updated_at] INTERSECT SELECT [#_focus_base].[updated_at]) OR NOT EXISTS (SELECT [retail].[offers].[day] INTERSECT SELECT [#_focus_base].[day]) OR NOT EXISTS (SELECT [retail].[offers].[active] INTERSECT SELECT [#_focus_base].[active]) OR NOT EXISTS (SELECT [retail].[offers].[Extra] INTERSECT SELECT [#_focus_base].[Extra]) OR NOT EXISTS (SELECT datalength([retail].[offers].[Extra]) INTERSECT SELECT datalength([#_focus_base].[Extra])) OR NOT EXISTS (SELECT [retail].[offers].[picture] INTERSECT SELECT [#_focus_base].[picture]) OR NOT EXISTS (SELECT datalength([retail].[offers].[picture]) INTERSECT SELECT datalength([#_focus_base].[picture])) OR NOT EXISTS (SELECT [retail].[offers].[tags] INTERSECT SELECT [#_focus_base].[tags]) OR NOT EXISTS (SELECT datalength([retail].[offers].[tags]) INTERSECT SELECT datalength([#_focus_base].[tags])));

-- full: insert
INSERT INTO [retail].[offers] ([_country], [shop], [number], [small], [whole], [ratio], [price], [exact], [ref], [created_at], [updated_at], [day], [active], [Extra], [picture], [tags], [_synced_at]) SELECT :param_1 AS anon_1, [#_focus_base].[shop], [#_focus_base].[number], [#_focus_base].[small], [#_focus_base].[whole], [#_focus_base].[ratio], [#_focus_base].[price], [#_focus_base].[exact], [#_focus_base].[ref], [#_focus_base].[created_at], [#_focus_base].[updated_at], [#_focus_base].[day], [#_focus_base].[active], [#_focus_base].[Extra], [#_focus_base].[picture], [#_focus_base].[tags], CAST(:param_2 AS DATETIME2(6)) AS anon_2
FROM [#_focus_base]
WHERE [#_focus_base]._focus_deleted = 0 AND NOT (EXISTS (SELECT *
FROM [retail].[offers]
WHERE [retail].[offers].[_country] = :country_1 AND [retail].[offers].[shop] = [#_focus_base].[shop] AND [retail].[offers].[number] = [#_focus_base].[number]));

-- delta: delete
DELETE FROM [retail].[offers] FROM [retail].[offers], [#_focus_base] WHERE [retail].[offers].[_country] = :country_1 AND [retail].[offers].[shop] = [#_focus_base].[shop] AND [retail].[offers].[number] = [#_focus_base].[number] AND [#_focus_base]._focus_deleted = 1;

-- delta: update
UPDATE [retail].[offers] SET [small]=[#_focus_base].[small], [whole]=[#_focus_base].[whole], [ratio]=[#_focus_base].[ratio], [price]=[#_focus_base].[price], [exact]=[#_focus_base].[exact], [ref]=[#_focus_base].[ref], [created_at]=[#_focus_base].[created_at], [updated_at]=[#_focus_base].[updated_at], [day]=[#_focus_base].[day], [active]=[#_focus_base].[active], [Extra]=[#_focus_base].[Extra], [picture]=[#_focus_base].[picture], [tags]=[#_focus_base].[tags], [_synced_at]=CAST(:param_1 AS DATETIME2(6)) FROM [retail].[offers], [#_focus_base] WHERE [retail].[offers].[_country] = :country_1 AND [retail].[offers].[shop] = [#_focus_base].[shop] AND [retail].[offers].[number] = [#_focus_base].[number] AND [#_focus_base]._focus_deleted = 0 AND (NOT EXISTS (SELECT [retail].[offers].[small] INTERSECT SELECT [#_focus_base].[small]) OR NOT EXISTS (SELECT [retail].[offers].[whole] INTERSECT SELECT [#_focus_base].[whole]) OR NOT EXISTS (SELECT [retail].[offers].[ratio] INTERSECT SELECT [#_focus_base].[ratio]) OR NOT EXISTS (SELECT [retail].[offers].[price] INTERSECT SELECT [#_focus_base].[price]) OR NOT EXISTS (SELECT [retail].[offers].[exact] INTERSECT SELECT [#_focus_base].[exact]) OR NOT EXISTS (SELECT datalength([retail].[offers].[exact]) INTERSECT SELECT datalength([#_focus_base].[exact])) OR NOT EXISTS (SELECT [retail].[offers].[ref] INTERSECT SELECT [#_focus_base].[ref]) OR NOT EXISTS (SELECT datalength([retail].[offers].[ref]) INTERSECT SELECT datalength([#_focus_base].[ref])) OR NOT EXISTS (SELECT [retail].[offers].[created_at] INTERSECT SELECT [#_focus_base].[created_at]) OR NOT EXISTS (SELECT [retail].[offers].[updated_at] INTERSECT SELECT [#_focus_base].[updated_at]) OR NOT EXISTS (SELECT [retail].[offers].[day] INTERSECT SELECT [#_focus_base].[day]) OR NOT EXISTS (SELECT [retail].[offers].[active] INTERSECT SELECT [#_focus_base].[active]) OR NOT EXISTS (SELECT [retail].[offers].[Extra] INTERSECT SELECT [#_focus_base].[Extra]) OR NOT EXISTS (SELECT datalength([retail].[offers].[Extra]) INTERSECT SELECT datalength([#_focus_base].[Extra])) OR NOT EXISTS (SELECT [retail].[offers].[picture] INTERSECT SELECT [#_focus_base].[picture]) OR NOT EXISTS (SELECT datalength([retail].[offers].[picture]) INTERSECT SELECT datalength([#_focus_base].[picture])) OR NOT EXISTS (SELECT [retail].[offers].[tags] INTERSECT SELECT [#_focus_base].[tags]) OR NOT EXISTS (SELECT datalength([retail].[offers].[tags]) INTERSECT SELECT datalength([#_focus_base].[tags]))) AND (CASE WHEN (coalesce([#_focus_base].[created_at], CAST(:param_2 AS DATETIME2(6))) >= coalesce([#_focus_base].[updated_at], CAST(:param_3 AS DATETIME2(6)))) THEN coalesce([#_focus_base].[created_at], CAST(:param_2 AS DATETIME2(6))) ELSE coalesce([#_focus_base].[updated_at], CAST(:param_3 AS DATETIME2(6))) END >= CASE WHEN (coalesce([retail].[offers].[created_at], CAST(:param_4 AS DATETIME2(6))) >= coalesce([retail].[offers].[updated_at], CAST(:param_5 AS DATETIME2(6)))) THEN coalesce([retail].[offers].[created_at], CAST(:param_4 AS DATETIME2(6))) ELSE coalesce([retail].[offers].[updated_at], CAST(:param_5 AS DATETIME2(6))) END OR CASE WHEN (coalesce([retail].[offers].[created_at], CAST(:param_4 AS DATETIME2(6))) >= coalesce([retail].[offers].[updated_at], CAST(:param_5 AS DATETIME2(6)))) THEN coalesce([retail].[offers].[created_at], CAST(:param_4 AS DATETIME2(6))) ELSE coalesce([retail].[offers].[updated_at], CAST(:param_5 AS DATETIME2(6))) END > CAST(:param_6 AS DATETIME2(6)));

-- delta: insert
INSERT INTO [retail].[offers] ([_country], [shop], [number], [small], [whole], [ratio], [price], [exact], [ref], [created_at], [updated_at], [day], [active], [Extra], [picture], [tags], [_synced_at]) SELECT :param_1 AS anon_1, [#_focus_base].[shop], [#_focus_base].[number], [#_focus_base].[small], [#_focus_base].[whole], [#_focus_base].[ratio], [#_focus_base].[price], [#_focus_base].[exact], [#_focus_base].[ref], [#_focus_base].[created_at], [#_focus_base].[updated_at], [#_focus_base].[day], [#_focus_base].[active], [#_focus_base].[Extra], [#_focus_base].[picture], [#_focus_base].[tags], CAST(:param_2 AS DATETIME2(6)) AS anon_2
FROM [#_focus_base]
WHERE [#_focus_base]._focus_deleted = 0 AND NOT (EXISTS (SELECT *
FROM [retail].[offers]
WHERE [retail].[offers].[_country] = :country_1 AND [retail].[offers].[shop] = [#_focus_base].[shop] AND [retail].[offers].[number] = [#_focus_base].[number]));

-- count
SELECT count(*) AS count_1
FROM [retail].[offers]
WHERE [retail].[offers].[_country] = :country_1;

-- a view
DROP VIEW IF EXISTS [retail].[offers__numeric];

-- a view
CREATE VIEW [retail].[offers__numeric] AS SELECT [retail].[offers].[_country], [retail].[offers].[shop], [retail].[offers].[number], [retail].[offers].[small], [retail].[offers].[whole], [retail].[offers].[ratio], [retail].[offers].[price], CAST([retail].[offers].[exact] AS FLOAT(53)) AS [exact], [retail].[offers].[ref], [retail].[offers].[created_at], [retail].[offers].[updated_at], [retail].[offers].[day], [retail].[offers].[active], [retail].[offers].[Extra], [retail].[offers].[picture], [retail].[offers].[tags], [retail].[offers].[_synced_at]
FROM [retail].[offers];
