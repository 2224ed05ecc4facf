// A CouchDB-compatible server: express-pouchdb over PouchDB on LevelDB, its data in the folder that is named.
const express = require("express");
const PouchDB = require("pouchdb");

const [port, folder] = process.argv.slice(2);
const Stored = PouchDB.defaults({ prefix: `${folder}/` });
const app = express();
app.use("/", require("express-pouchdb")(Stored, { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: `${folder}/log` }));
app.listen(Number(port), "127.0.0.1");
