// One test file for all recipes, because each test file loads Nest and MikroORM again.
import './passport-login/passport-login.cases.js';
import './flash-messages/flash-messages.cases.js';
import './typed-cart/typed-cart.cases.js';
import './separate-database/separate-database.cases.js';
import './typeorm/typeorm.cases.js';
import './drizzle/drizzle.cases.js';
import './orm-contexts/orm-contexts.cases.js';
import './socket-io/socket-io.cases.js';
import './ws/ws.cases.js';
import './graphql/graphql.cases.js';
import './streams/streams.cases.js';
import './migrating/migrating.cases.js';
import './migrating-from-rails/migrating-from-rails.cases.js';
import './token-refresh/token-refresh.cases.js';
import './paying-once/paying-once.cases.js';
import './impersonation/impersonation.cases.js';
import './device-names/device-names.cases.js';
